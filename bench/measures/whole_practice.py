"""A practice of the size of a real one: discovery, first load, refresh, indexes.

Everything is as a deployment has it: discovery decides the config, the plan creates the tables.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import children, practice, ready, transfer, warehouses
from bench.measures import whole_set
from bench.measures.stage import Stage
from bench.results import Measure, Reading
from include import settings
from include.catalog.files import OVERRIDES_FILE, read_catalog
from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.planning import RefreshPlan, RefreshRequest, plan_refresh
from include.transform.manifest import bake_manifest
from include.transform.raw_indexes import RAW_INDEXES

log = logging.getLogger(__name__)

DISCOVERY_BOUND_SECONDS = 5.0
FIRST_LOAD_BOUND = 0.6
REFRESH_BOUND = 1.2
COUNT = "counting all rows"
DISCOVER = "discovery"
REFRESH = "refresh, nothing changed, one worker"
READ_BY_KEY = "the same read, along each table's key"
INDEX_CHOICES = ("none", "dbt", "source")


def measure(stage: Stage) -> list[Measure]:
    """Measure the whole practice, round by round."""
    database = practice.ensure_practice(stage.layout, stage.servers, stage.scale)
    source = stage.servers.reader.with_database(database)
    tables, rows = practice.count_rows(stage.servers, database)
    size = f"{tables} tables and {rows / 1e6:.1f} M rows"
    return [*_discovery(stage, source, size), *_loads(stage, source, size)]


def _discovery(stage: Stage, source: Endpoint, size: str) -> list[Measure]:
    readings: dict[str, list[Reading]] = {COUNT: [], DISCOVER: []}
    for turn in range(stage.rounds):
        started = time.perf_counter()
        practice.count_rows(stage.servers, source.database)
        readings[COUNT].append(Reading(time.perf_counter() - started))
        warehouse = warehouses.fresh_warehouse(stage.servers)
        directory = _config_directory(stage, "none")
        (directory / "tables.yml").unlink(missing_ok=True)
        ended = _discover(stage, source, warehouse, directory)
        readings[DISCOVER].append(Reading(ended.seconds, client_cpu=ended.cpu))
        log.info("discovery, round %s: %.2f s", turn + 1, ended.seconds)
    return [
        Measure(
            name="discovery",
            title=f"discovery of {size}, without the counting",
            unit="s",
            values=tuple(
                found.seconds - counted.seconds
                for found, counted in zip(readings[DISCOVER], readings[COUNT], strict=True)
            ),
            bound=DISCOVERY_BOUND_SECONDS,
            is_ceiling=True,
            readings={name: tuple(listed) for name, listed in readings.items()},
            note="./dental discover, its process included, on an empty warehouse",
        )
    ]


def _loads(stage: Stage, source: Endpoint, size: str) -> list[Measure]:
    """Load with each choice of indexes, and refresh; the floor comes from what was loaded."""
    baked = stage.layout.scratch / "target"
    bake_manifest(baked, warehouses.fresh_warehouse(stage.servers))
    names = (whole_set.READ, whole_set.COPY, whole_set.KEYS, whole_set.ENGINE)
    readings: dict[str, list[Reading]] = {name: [] for name in names}
    refreshes: list[Reading] = []
    read_by_key: list[Reading] = []
    indexed: dict[str, list[Reading]] = {choice: [] for choice in INDEX_CHOICES}
    for turn in range(stage.rounds):
        for choice in INDEX_CHOICES:
            warehouse = warehouses.fresh_warehouse(stage.servers)
            directory = _config_directory(stage, choice)
            _discover(stage, source, warehouse, directory)
            plan = _plan(source, warehouse, directory, baked / RAW_INDEXES)
            targets = transfer.in_order(source, plan)
            if choice == "none":
                configs = _configs(directory, plan.tables)
                # First the reads: neither they nor the engine then pay for cold caches.
                for by_key, listed in ((False, readings[whole_set.READ]), (True, read_by_key)):
                    listed.append(
                        transfer.read_source(
                            stage.layout, stage.servers, source, configs, by_key=by_key
                        )
                    )
            with transfer.Crew(stage.layout, stage.servers, source, warehouse) as crew:
                loaded = crew.load(
                    run_id=warehouses.run_number(plan), targets=targets, count=whole_set.CORES
                )
            indexed[choice].append(loaded)
            if choice != "none":
                continue
            readings[whole_set.ENGINE].append(loaded)
            warehouses.publish(stage.servers, warehouse)
            ready.write_loaded(
                stage.layout, stage.servers, warehouse, {table.name: table for table in configs}
            )
            plan = _plan(source, warehouse, directory, baked / RAW_INDEXES, workers=1)
            with transfer.Crew(stage.layout, stage.servers, source, warehouse) as crew:
                refreshes.append(
                    crew.load(
                        run_id=warehouses.run_number(plan),
                        targets=transfer.in_order(source, plan),
                        count=1,
                    )
                )
            copied, keyed = transfer.copy_ready_files(stage.layout, stage.servers, configs)
            readings[whole_set.COPY].append(copied)
            readings[whole_set.KEYS].append(keyed)
        log.info(
            "practice, round %s: %s",
            turn + 1,
            {choice: round(listed[-1].seconds, 1) for choice, listed in indexed.items()},
        )
    return [
        *whole_set.measures_of(
            readings,
            name="practice",
            title=f"first load of a practice of {size} on two workers",
            bound=FIRST_LOAD_BOUND,
        ),
        Measure(
            name="practice_refresh",
            title=f"refresh of a practice of {size}, nothing changed, against one read of it",
            unit="times",
            values=tuple(
                ours.seconds / read.seconds
                for ours, read in zip(refreshes, readings[whole_set.READ], strict=True)
            ),
            bound=REFRESH_BOUND,
            is_ceiling=True,
            readings={
                whole_set.READ: tuple(readings[whole_set.READ]),
                REFRESH: tuple(refreshes),
            },
        ),
        *_by_key(readings, refreshes, read_by_key),
        *_index_costs(indexed),
    ]


def _by_key(
    readings: dict[str, list[Reading]], refreshes: list[Reading], read_by_key: list[Reading]
) -> list[Measure]:
    """Hold both against a read along the keys, as short locks on MyISAM tables demand."""
    copies, ours = readings[whole_set.COPY], readings[whole_set.ENGINE]
    return [
        Measure(
            name="practice_by_key",
            title="first load of the practice, against a floor that reads along the keys",
            unit="times",
            values=tuple(
                ((read.cpu or 0) + (copy.cpu or 0)) / whole_set.CORES / engine.seconds
                for read, copy, engine in zip(read_by_key, copies, ours, strict=True)
            ),
            readings={READ_BY_KEY: tuple(read_by_key)},
        ),
        Measure(
            name="practice_refresh_by_key",
            title="refresh of the practice, nothing changed, against a read along the keys",
            unit="times",
            values=tuple(
                refresh.seconds / read.seconds
                for refresh, read in zip(refreshes, read_by_key, strict=True)
            ),
            is_ceiling=True,
        ),
    ]


def _index_costs(indexed: dict[str, list[Reading]]) -> list[Measure]:
    return [
        Measure(
            name=f"indexes_{choice}",
            title=f"first load of the practice with indexes: {choice}, against without",
            unit="times",
            values=tuple(
                with_indexes.seconds / without.seconds
                for with_indexes, without in zip(indexed[choice], indexed["none"], strict=True)
            ),
            readings={
                "without indexes": tuple(indexed["none"]),
                f"with indexes: {choice}": tuple(indexed[choice]),
            },
        )
        for choice in INDEX_CHOICES
        if choice != "none"
    ]


def _config_directory(stage: Stage, choice: str) -> Path:
    directory = stage.layout.scratch / f"config-{stage.scale.denominator}-{choice}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / OVERRIDES_FILE).write_text(f"defaults: {{indexes: {choice}}}\n")
    return directory


def _discover(
    stage: Stage, source: Endpoint, warehouse: Endpoint, directory: Path
) -> children.Ended:
    return children.run(
        [sys.executable, "-m", "include.cli", "discover"],
        stage.layout.scratch,
        environment={
            settings.SOURCE_VARIABLE: source.uri(),
            settings.WAREHOUSE_VARIABLE: warehouse.uri(),
            "DENTAL_CONFIG_DIRECTORY": str(directory),
        },
    )


def _plan(
    source: Endpoint,
    warehouse: Endpoint,
    directory: Path,
    indexes: Path,
    *,
    workers: int = whole_set.CORES,
) -> RefreshPlan:
    return plan_refresh(
        source,
        warehouse,
        RefreshRequest(config_directory=directory, raw_indexes=indexes, workers=workers),
    )


def _configs(directory: Path, names: Sequence[str]) -> list[TableConfig]:
    catalog = read_catalog(directory)
    return [catalog.tables[name] for name in names]
