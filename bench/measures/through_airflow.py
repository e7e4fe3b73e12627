"""`refresh_warehouse` on the whole practice: what Airflow adds to the engine's own time.

A local system of the project, on the benchmark's practice. The span of a run goes from the start of
the plan task to the end of the last load; the engine's time is that of two workers on the same
servers, without Airflow. Runs go on to their end, with validation and marts, before the next.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from bench import warehouses
from bench.children import TELEMETRY_OFF, Worker, worker
from bench.layout import PROJECT, Layout
from bench.results import Measure, Reading
from bench.servers import MARIADB_SETTINGS, writing
from bench.transfer import in_order, in_turn
from include import settings
from include.errors import PipelineError
from include.planning import RefreshRequest, plan_refresh
from include.transform.raw_indexes import BAKED_INDEXES
from include.warehouse import session as warehouse_session
from local_system.api import DagRun, TaskInstance
from local_system.demo import bake
from local_system.follow import begin
from local_system.private_files import own_directory, write_private
from local_system.secrets import ensure_secrets
from local_system.system import System

log = logging.getLogger(__name__)

DAG = "refresh_warehouse"
RUN_LIMIT_SECONDS = 3600
FIRST_BOUND_SECONDS = 120.0
REFRESH_BOUND_SECONDS = 90.0
WORKERS = 2
FIRST = "first load"
REFRESH = "refresh, nothing changed"
_SCHEMAS = ("raw", "ops", "staging", "intermediate", "snapshots", "marts")


def measure(layout: Layout, rounds: int) -> list[Measure]:
    """Measure on the practice that is there; the benchmark's own servers must not be running."""
    readings: dict[str, list[Reading]] = {}
    with _running(layout) as system:
        for turn in range(rounds):
            _reset(system)
            for name, seconds in zip((FIRST, REFRESH), _by_engine(layout, system), strict=True):
                readings.setdefault(f"{name}, engine", []).append(Reading(seconds))
            _reset(system)
            for name in (FIRST, REFRESH):
                seconds = _by_airflow(system)
                readings.setdefault(f"{name}, through Airflow", []).append(Reading(seconds))
            log.info(
                "Airflow, round %s: %s",
                turn + 1,
                {name: round(listed[-1].seconds, 1) for name, listed in readings.items()},
            )
    return [
        Measure(
            name=f"airflow_{short}",
            title=f"`refresh_warehouse` on the practice, {name}: what Airflow adds to the engine",
            unit="s",
            values=tuple(
                airflow.seconds - engine.seconds
                for airflow, engine in zip(
                    readings[f"{name}, through Airflow"], readings[f"{name}, engine"], strict=True
                )
            ),
            bound=bound,
            is_ceiling=True,
            readings={who: tuple(r) for who, r in readings.items() if who.startswith(name)},
            note="from the start of the plan to the end of the last load",
        )
        for short, name, bound in (
            ("first", FIRST, FIRST_BOUND_SECONDS),
            ("refresh", REFRESH, REFRESH_BOUND_SECONDS),
        )
    ]


@contextmanager
def _running(layout: Layout) -> Iterator[System]:
    """A local system whose MariaDB has the benchmark's data."""
    state, config = layout.root / "airflow-state", layout.root / "airflow-config"
    for directory in (state, config):
        own_directory(directory)
    write_private(state / "data-directory", f"{layout.source}\n")
    (config / "overrides.yml").write_text("{}\n")
    bake(log.info)
    system = System(state, config=config)
    # A system refuses data that are older than its passwords; these are set at each start.
    ensure_secrets(system.layout)
    try:
        system.start()
        with writing(system.addresses.practice_administrator) as cursor:
            for name, value in MARIADB_SETTINGS.items():
                cursor.execute(f"set global {name} = {value}")
        yield system
    finally:
        system.stop()


def _reset(system: System) -> None:
    """Empty the warehouse, and discover the practice as the first run of a deployment does."""
    with warehouse_session.connect(system.addresses.warehouse, autocommit=True) as connection:
        for schema in _SCHEMAS:
            connection.execute(f"drop schema if exists {schema} cascade".encode())
    subprocess.run(
        [sys.executable, "-m", "include.cli", "discover"],
        cwd=PROJECT,
        env=settings.inherited_environment() | TELEMETRY_OFF | system.environment(),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _by_engine(layout: Layout, system: System) -> tuple[float, float]:
    source, warehouse = system.addresses.practice, system.addresses.warehouse
    spent = []
    for _ in range(2):
        workers: list[Worker] = []
        with (
            worker("bench.worker", layout.scratch, source=source, warehouse=warehouse) as first,
            worker("bench.worker", layout.scratch, source=source, warehouse=warehouse) as second,
        ):
            workers = [first, second]
            started = time.perf_counter()
            plan = plan_refresh(
                source,
                warehouse,
                RefreshRequest(
                    config_directory=system.config, raw_indexes=BAKED_INDEXES, workers=WORKERS
                ),
            )
            in_turn(workers, run_id=warehouses.run_number(plan), targets=in_order(source, plan))
            spent.append(time.perf_counter() - started)
    return spent[0], spent[1]


def _by_airflow(system: System) -> float:
    run = begin(system, DAG, is_new_wanted=True)
    if run is None:
        raise PipelineError("was not started", where=DAG)
    run = system.api.wait_for_run(run.dag_id, run.run_id, limit=RUN_LIMIT_SECONDS)
    return _span(system.api.task_instances(run.dag_id, run.run_id), run)


def _span(tasks: Sequence[TaskInstance], run: DagRun) -> float:
    loads = [t for t in tasks if t.task_id.endswith(".load") and t.map_index >= 0]
    failed = [t.name for t in loads if t.state != "success"]
    started = [t.started_at for t in tasks if t.task_id == "plan" and t.started_at]
    ended: list[datetime] = [t.ended_at for t in loads if t.ended_at]
    if failed or not started or not ended:
        raise PipelineError(f"failed: {failed or 'nothing was loaded'}", where=run.run_id)
    return (max(ended) - min(started)).total_seconds()
