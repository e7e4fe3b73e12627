"""424 small tables in one session of the engine: what a table costs that holds next to nothing."""

from __future__ import annotations

import logging

from bench import small, transfer, warehouses
from bench.measures.stage import Stage
from bench.results import Measure, Reading

log = logging.getLogger(__name__)

BOUND_SECONDS = 2.0
FIRST = "first load"
REFRESH = "refresh, nothing changed"
CORES = ("compiled", "fallback")


def measure(stage: Stage) -> list[Measure]:
    """Load and refresh them all, round by round."""
    source = stage.servers.reader.with_database(small.ensure_small_tables(stage.servers))
    configs = warehouses.plain_configs(source)
    directory = stage.layout.scratch / "config"
    readings: dict[str, list[Reading]] = {}
    for turn in range(stage.rounds):
        for core in CORES:
            warehouse = warehouses.fresh_warehouse(stage.servers)
            warehouses.plan(source, warehouse, directory, configs)
            for name in (FIRST, REFRESH):
                run_id = warehouses.run_number(warehouses.plan_pinned(source, warehouse, directory))
                with transfer.Crew(stage.layout, stage.servers, source, warehouse) as crew:
                    readings.setdefault(f"{name}, {core} core", []).append(
                        crew.load_in_one_session(run_id=run_id, tables=list(configs), core=core)
                    )
        log.info(
            "small tables, round %s: %s",
            turn + 1,
            {name: round(listed[-1].seconds, 2) for name, listed in readings.items()},
        )
    return [
        Measure(
            name=f"small_{short}" + ("_fallback" if core == "fallback" else ""),
            title=f"{len(configs)} small tables in the engine, {name}, {core} core",
            unit="s",
            values=tuple(reading.seconds for reading in readings[f"{name}, {core} core"]),
            bound=BOUND_SECONDS if core == "compiled" else None,
            is_ceiling=True,
            readings={f"{name}, {core} core": tuple(readings[f"{name}, {core} core"])},
            note="one session, connections included",
        )
        for core in CORES
        for short, name in (("first", FIRST), ("refresh", REFRESH))
    ]
