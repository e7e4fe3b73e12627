"""A practice of the size of a real one: discovery, first load, refresh.

Everything is as a deployment has it: discovery decides the config, the plan creates the tables.
"""

from __future__ import annotations

import logging
import time

from bench import deployment, practice, ready, transfer, warehouses
from bench.deployment import Deployment
from bench.measures import whole_set
from bench.measures.stage import Stage
from bench.results import Measure, Reading

log = logging.getLogger(__name__)

DISCOVERY_BOUND_SECONDS = 5.0
FIRST_LOAD_BOUND = 0.6
REFRESH_BOUND = 1.2
COUNT = "counting all rows"
DISCOVER = "discovery"
REFRESH = "refresh, nothing changed, one worker"
READ_BY_KEY = "the same read, along each table's key"


def measure(stage: Stage) -> list[Measure]:
    """Measure the whole practice, round by round."""
    source, size = practice.described(stage.layout, stage.servers, stage.scale)
    baked = deployment.bake(stage)
    discoveries: dict[str, list[Reading]] = {COUNT: [], DISCOVER: []}
    names = (whole_set.READ, whole_set.COPY, whole_set.KEYS, whole_set.ENGINE)
    readings: dict[str, list[Reading]] = {name: [] for name in names}
    refreshes: list[Reading] = []
    read_by_key: list[Reading] = []
    for turn in range(stage.rounds):
        started = time.perf_counter()
        practice.count_rows(stage.servers, source.database)
        discoveries[COUNT].append(Reading(time.perf_counter() - started))
        deployed = Deployment.fresh(stage, source, baked, indexes="none")
        ended = deployed.discover()
        discoveries[DISCOVER].append(Reading(ended.seconds, client_cpu=ended.cpu))
        plan = deployed.plan(workers=whole_set.CORES)
        configs = deployed.configs(plan.tables)
        # The reads come before the engine, so that the engine does not start with cold caches.
        for by_key, listed in ((False, readings[whole_set.READ]), (True, read_by_key)):
            listed.append(
                transfer.read_source(stage.layout, stage.servers, source, configs, by_key=by_key)
            )
        readings[whole_set.ENGINE].append(deployed.load(plan, workers=whole_set.CORES))
        warehouses.publish(stage.servers, deployed.warehouse)
        ready.write_loaded(
            stage.layout,
            stage.servers,
            deployed.warehouse,
            {table.name: table for table in configs},
        )
        refreshes.append(deployed.load(deployed.plan(workers=1), workers=1))
        # For the floor, the files of what the engine loaded are copied.
        copied, keyed = transfer.copy_ready_files(stage.layout, stage.servers, configs)
        readings[whole_set.COPY].append(copied)
        readings[whole_set.KEYS].append(keyed)
        log.info(
            "practice, round %s: discovery %.1f s, first load %.1f s, refresh %.1f s",
            turn + 1,
            ended.seconds,
            readings[whole_set.ENGINE][-1].seconds,
            refreshes[-1].seconds,
        )
    return [
        _discovery(discoveries, size),
        *whole_set.measures_of(
            readings,
            name="practice",
            title=f"first load of a practice of {size} on two workers",
            bound=FIRST_LOAD_BOUND,
        ),
        _refresh(readings[whole_set.READ], refreshes, size),
        *_by_key(readings, refreshes, read_by_key),
    ]


def _discovery(readings: dict[str, list[Reading]], size: str) -> Measure:
    return Measure(
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


def _refresh(reads: list[Reading], refreshes: list[Reading], size: str) -> Measure:
    return Measure(
        name="practice_refresh",
        title=f"refresh of a practice of {size}, nothing changed, against one read of it",
        unit="times",
        values=tuple(
            ours.seconds / read.seconds for ours, read in zip(refreshes, reads, strict=True)
        ),
        bound=REFRESH_BOUND,
        is_ceiling=True,
        readings={whole_set.READ: tuple(reads), REFRESH: tuple(refreshes)},
    )


def _by_key(
    readings: dict[str, list[Reading]], refreshes: list[Reading], read_by_key: list[Reading]
) -> list[Measure]:
    """Compare both with a read in key order, which short locks on MyISAM tables require."""
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
