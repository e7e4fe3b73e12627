"""One table at a time: PostgreSQL's own COPY, the engine, and the peers, in turn."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bench import contenders, dataset, ready
from bench.contenders import Arena, Contender
from bench.measures.stage import Stage
from bench.results import Measure, Reading
from bench.tables import NARROW, WIDE

log = logging.getLogger(__name__)

COPY = "PostgreSQL COPY of a ready file"
ENGINE = "this engine"
COPY_BOUND = 0.85
CLIENT_SHARE_BOUND = 15.0
# name -> who loads, at least so many times slower, aimed at so many times
PEERS: dict[str, tuple[Contender, float, float]] = {
    "ConnectorX + pgpq": (contenders.python_peer("connectorx_pgpq"), 1.3, 1.4),
    "ConnectorX + ADBC": (contenders.python_peer("connectorx_adbc"), 2.3, 2.5),
    "mysql_fdw": (contenders.load_with_fdw, 3.0, 3.5),
    "pgloader": (contenders.load_with_pgloader, 4.5, 5.0),
    "Sling": (contenders.load_with_sling, 8.0, 9.0),
    # Its fastest backend here: pyarrow took three times as long for (a), 1.6 times for (b).
    "dlt (connectorx)": (contenders.python_peer("dlt_load", "connectorx"), 12.0, 14.0),
}


def measure(stage: Stage) -> list[Measure]:
    """Load the wide and the narrow table by everybody, round by round."""
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
        measures += _compare(stage, arena, shape.letter)
    return measures


def _compare(stage: Stage, arena: Arena, letter: str) -> list[Measure]:
    entrants: dict[str, Contender] = {
        COPY: contenders.copy_ready_file,
        ENGINE: contenders.load_with_engine,
    }
    for name, (contender, _, _) in PEERS.items():
        if not stage.contenders or name in stage.contenders:
            entrants[name] = contender
    readings: dict[str, list[Reading]] = {name: [] for name in entrants}
    for turn in range(stage.rounds):
        for name, contender in entrants.items():
            readings[name].append(contender(arena))
            log.info(
                "table (%s), round %s: %s took %.2f s",
                letter,
                turn + 1,
                name,
                readings[name][-1].seconds,
            )
    return [*_against_copy(readings, letter), *_against_peers(readings, letter)]


def _against_copy(readings: Mapping[str, list[Reading]], letter: str) -> list[Measure]:
    ours, copies = readings[ENGINE], readings[COPY]
    shown = {COPY: tuple(copies), ENGINE: tuple(ours)}
    return [
        Measure(
            name=f"copy_{letter}",
            title=f"table ({letter}) against PostgreSQL's own COPY of a ready binary file",
            unit="times",
            values=tuple(copy.seconds / our.seconds for copy, our in _pairs(copies, ours)),
            bound=COPY_BOUND if letter == WIDE.letter else None,
            readings=shown,
            note="same DDL, bookkeeping columns included; both add the same primary key",
        ),
        Measure(
            name=f"copy_{letter}_without_key",
            title=f"table ({letter}) against that COPY, without the primary key on either side",
            unit="times",
            values=tuple(
                _without_key(copy) / _without_key(our) for copy, our in _pairs(copies, ours)
            ),
        ),
        Measure(
            name=f"client_share_{letter}",
            title=f"client's share of all CPU, table ({letter})",
            unit="%",
            values=tuple(100 * (our.client_cpu or 0) / (our.cpu or 1) for our in ours),
            bound=CLIENT_SHARE_BOUND,
            is_ceiling=True,
            note="the worker's process, its start included, of itself and both servers",
        ),
    ]


def _against_peers(readings: Mapping[str, list[Reading]], letter: str) -> list[Measure]:
    ours = readings[ENGINE]
    return [
        Measure(
            name=f"peer_{letter}_{name}",
            title=f"table ({letter}) against {name}",
            unit="times",
            values=tuple(
                peer.seconds / (our.process_seconds or our.seconds)
                for peer, our in _pairs(readings[name], ours)
            ),
            bound=bound,
            aim=aim,
            readings={name: tuple(readings[name])},
        )
        for name, (_, bound, aim) in PEERS.items()
        if name in readings
    ]


def _pairs(first: list[Reading], second: list[Reading]) -> list[tuple[Reading, Reading]]:
    return list(zip(first, second, strict=True))


def _without_key(reading: Reading) -> float:
    return reading.seconds - (reading.key_seconds or 0.0)
