"""424 small tables, by two workers and by one: what a table costs that holds next to nothing."""

from __future__ import annotations

import logging
from collections import defaultdict

from bench import small, transfer, warehouses
from bench.measures.stage import Stage
from bench.results import Measure, Reading
from include.catalog.targets import LoadTarget

log = logging.getLogger(__name__)

BOUND_SECONDS = 2.0
FIRST = "first load"
REFRESH = "refresh, nothing changed"
# Which core, and how many workers; the first is what the bound is about.
CREWS = (("compiled", 2), ("compiled", 1), ("fallback", 2))


def measure(stage: Stage) -> list[Measure]:
    """Load and refresh them all, round by round."""
    source = stage.servers.reader.with_database(small.ensure_small_tables(stage.servers))
    configs = warehouses.plain_configs(source)
    targets = [LoadTarget(name) for name in configs]
    directory = stage.layout.scratch / "config"
    readings: dict[tuple[str, str, int], list[Reading]] = defaultdict(list)
    for turn in range(stage.rounds):
        for core, workers in CREWS:
            warehouse = warehouses.fresh_warehouse(stage.servers)
            warehouses.plan(source, warehouse, directory, configs)
            for name in (FIRST, REFRESH):
                run_id = warehouses.run_number(warehouses.plan_pinned(source, warehouse, directory))
                with transfer.Crew(stage.layout, stage.servers, source, warehouse) as crew:
                    readings[name, core, workers].append(
                        crew.load(run_id=run_id, targets=targets, count=workers, core=core)
                    )
                warehouses.publish(stage.servers, warehouse)
        log.info(
            "small tables, round %s: %s",
            turn + 1,
            {_title(*of): round(listed[-1].seconds, 2) for of, listed in readings.items()},
        )
    return [
        Measure(
            name=_name(name, core, workers),
            title=f"{len(configs)} small tables in the engine, {_title(name, core, workers)}",
            unit="s",
            values=tuple(reading.seconds for reading in readings[name, core, workers]),
            bound=BOUND_SECONDS if (core, workers) == CREWS[0] else None,
            is_ceiling=True,
            readings={_title(name, core, workers): tuple(readings[name, core, workers])},
            note="connections included",
        )
        for core, workers in CREWS
        for name in (FIRST, REFRESH)
    ]


def _title(name: str, core: str, workers: int) -> str:
    return f"{name}, {'two workers' if workers == 2 else 'one worker'}, {core} core"


def _name(name: str, core: str, workers: int) -> str:
    short = "small_first" if name == FIRST else "small_refresh"
    return short + ("_fallback" if core == "fallback" else "_alone" if workers == 1 else "")
