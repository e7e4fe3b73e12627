"""One table at a time against other tools, without keys.

The engine works as in a deployment: the plan splits a table that is alone between two workers.
"""

from __future__ import annotations

from bench import contenders, dataset
from bench.contenders import Arena, Contender
from bench.engine import engine
from bench.measures.stage import Stage
from bench.measures.whole_set import CORES, ENGINE
from bench.results import Measure, Reading
from bench.tables import NARROW, WIDE

# name -> contender, bound and aim of how many times slower it is than the engine
PEERS: dict[str, tuple[Contender, float, float]] = {
    "ConnectorX + pgpq": (contenders.python_peer("connectorx_pgpq"), 1.3, 1.4),
    "ConnectorX + ADBC": (contenders.python_peer("connectorx_adbc"), 2.3, 2.5),
    "mysql_fdw": (contenders.load_with_fdw, 3.0, 3.5),
    "pgloader": (contenders.load_with_pgloader, 4.5, 5.0),
    "Sling": (contenders.load_with_sling, 8.0, 9.0),
    # dlt's fastest backend in trials; pyarrow took longer on both tables.
    "dlt (connectorx)": (contenders.python_peer("dlt_load", "connectorx"), 12.0, 14.0),
}


def measure(stage: Stage) -> list[Measure]:
    """Load the wide and the narrow table by the engine and every peer, round by round."""
    source, configs = stage.tables()
    measures: list[Measure] = []
    for shape in (WIDE, NARROW):
        arena = Arena(
            layout=stage.layout,
            servers=stage.servers,
            source=source,
            table=configs[shape.name],
            rows=dataset.rows(shape, stage.scale),
        )
        chosen = {
            name: contender
            for name, (contender, _, _) in PEERS.items()
            if not stage.contenders or name in stage.contenders
        }
        readings = contenders.in_rounds(
            arena, {ENGINE: engine(workers=CORES), **chosen}, rounds=stage.rounds
        )
        measures += [_against(name, readings, shape.letter) for name in chosen]
    return measures


def _against(name: str, readings: dict[str, list[Reading]], letter: str) -> Measure:
    _, bound, aim = PEERS[name]
    return Measure(
        name=f"peer_{letter}_{name}",
        title=f"table ({letter}) against {name}",
        unit="times",
        values=tuple(
            peer.seconds / (our.seconds - (our.key_seconds or 0.0))
            for peer, our in zip(readings[name], readings[ENGINE], strict=True)
        ),
        bound=bound,
        aim=aim,
        readings={name: tuple(readings[name]), ENGINE: tuple(readings[ENGINE])},
        note="the engine has two workers; the ratio leaves its primary key out, its seconds here "
        "do not",
    )
