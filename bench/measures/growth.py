"""How time and memory grow with a table: first loads at an eighth, a quarter, a half and all of it.

Time should grow with the rows and memory not at all.
"""

from __future__ import annotations

import logging
from fractions import Fraction

from bench import dataset
from bench.contenders import Arena
from bench.engine import engine
from bench.measures.stage import Stage
from bench.results import Measure, Reading
from bench.tables import SHAPES

log = logging.getLogger(__name__)

SCALES = (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1))
MEMORY_BOUND = 100.0


def measure(stage: Stage) -> list[Measure]:
    """Load each table at each scale up to the run's own, round by round."""
    scales = [scale for scale in SCALES if scale <= stage.scale]
    readings: dict[tuple[str, Fraction], list[Reading]] = {}
    for turn in range(stage.rounds):
        for scale in scales:
            source, configs = stage.tables(scale)
            for shape in SHAPES:
                arena = Arena(
                    layout=stage.layout,
                    servers=stage.servers,
                    source=source,
                    table=configs[shape.name],
                    rows=dataset.rows(shape, scale),
                )
                loaded = engine(workers=1)(arena)
                readings.setdefault((shape.letter, scale), []).append(loaded)
        log.info("growth, round %s", turn + 1)
    return [
        measure
        for shape in SHAPES
        for measure in _of_table(
            shape.letter, {scale: readings[shape.letter, scale] for scale in scales}
        )
    ]


def _of_table(letter: str, by_scale: dict[Fraction, list[Reading]]) -> list[Measure]:
    smallest, largest = min(by_scale), max(by_scale)
    shown = {f"at {scale}": tuple(listed) for scale, listed in by_scale.items()}
    measures = [
        Measure(
            name=f"memory_{letter}",
            title=f"memory of a worker that loads table ({letter}), above its idle size",
            unit="MB",
            values=tuple(r.peak_megabytes or 0.0 for r in by_scale[largest]),
            bound=MEMORY_BOUND,
            is_ceiling=True,
            readings=shown,
            note="peak resident memory less that of the idle interpreter with its imports",
        )
    ]
    if largest > smallest:
        growth = float(largest / smallest)
        pairs = list(zip(by_scale[smallest], by_scale[largest], strict=True))
        measures += [
            Measure(
                name=f"growth_time_{letter}",
                title=f"time per row of table ({letter}) at {largest} against {smallest}",
                unit="times",
                values=tuple(large.seconds / small.seconds / growth for small, large in pairs),
                note="1 is linear",
            ),
            Measure(
                name=f"growth_memory_{letter}",
                title=f"memory for table ({letter}) at {largest} against {smallest}",
                unit="times",
                values=tuple(
                    (large.peak_megabytes or 0) / (small.peak_megabytes or 1)
                    for small, large in pairs
                ),
                note="1 is constant",
            ),
        ]
    return measures
