"""One table at a time against PostgreSQL's own COPY of a ready file."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from bench import contenders, dataset, ready
from bench.contenders import Arena
from bench.engine import engine
from bench.measures.stage import Stage
from bench.results import Measure, Reading
from bench.tables import NARROW, WIDE

log = logging.getLogger(__name__)

COPY = "PostgreSQL COPY of a ready file"
ENGINE = "this engine"
COPY_BOUND = 0.85
CLIENT_SHARE_BOUND = 15.0
CONTENDERS = {COPY: contenders.copy_ready_file, ENGINE: engine(workers=1)}


def measure(stage: Stage) -> list[Measure]:
    """Load the wide and the narrow table with COPY and with the engine, round by round."""
    source, configs = stage.tables()
    ready.write_files(stage.layout, stage.servers, source, configs)
    measures: list[Measure] = []
    for shape in (WIDE, NARROW):
        arena = Arena(
            layout=stage.layout,
            servers=stage.servers,
            source=source,
            table=configs[shape.name],
            rows=dataset.rows(shape, stage.scale),
        )
        readings = contenders.in_rounds(arena, CONTENDERS, rounds=stage.rounds)
        measures += _measures_of(readings, shape.letter)
    return measures


def _measures_of(readings: Mapping[str, Sequence[Reading]], letter: str) -> list[Measure]:
    ours = readings[ENGINE]
    pairs = list(zip(readings[COPY], ours, strict=True))
    return [
        Measure(
            name=f"copy_{letter}",
            title=f"table ({letter}) against PostgreSQL's own COPY of a ready binary file",
            unit="times",
            values=tuple(copy.seconds / our.seconds for copy, our in pairs),
            bound=COPY_BOUND if letter == WIDE.letter else None,
            readings={who: tuple(listed) for who, listed in readings.items()},
            note="same DDL, bookkeeping columns included; both add the same primary key",
        ),
        Measure(
            name=f"copy_{letter}_without_key",
            title=f"table ({letter}) against that COPY, without the primary key on either side",
            unit="times",
            values=tuple(_without_key(copy) / _without_key(our) for copy, our in pairs),
        ),
        Measure(
            name=f"client_share_{letter}",
            title=f"client's share of all CPU, table ({letter})",
            unit="%",
            values=tuple(100 * (our.client_cpu or 0) / (our.cpu or 1) for our in ours),
            bound=CLIENT_SHARE_BOUND,
            is_ceiling=True,
            note="the worker's part while it loads, of itself and both servers",
        ),
    ]


def _without_key(reading: Reading) -> float:
    return reading.seconds - (reading.key_seconds or 0.0)
