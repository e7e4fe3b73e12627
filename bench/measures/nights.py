"""Nights on a practice of the size of a real one: validation, one build, and the worked queries.

After the first load everything is judged and built; then nothing has changed, on the same day and
on the next; then the practice has lived a day. Each step is a process of its own.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import simulator
from bench import children, deployment, practice, warehouses
from bench.contenders import MEGABYTE
from bench.deployment import Deployment
from bench.measures import whole_set
from bench.measures.stage import Stage
from bench.meter import Meter
from bench.results import Measure, Reading
from bench.servers import administering
from include import settings
from include.transform.manifest import MANIFEST
from include.transform.worked_queries import read_worked_queries

log = logging.getLogger(__name__)

FIRST = "first night"
SAME_DAY = "nothing changed, the same day"
NEXT_DAY = "nothing changed, the next day"
DAY_LATER = "one day's changes"
VALIDATION, BUILD = "validation", "build"
BOUNDS = {
    (VALIDATION, SAME_DAY): 10.0,
    (VALIDATION, DAY_LATER): 40.0,
    (BUILD, FIRST): 300.0,
    (BUILD, SAME_DAY): 15.0,
    (BUILD, NEXT_DAY): 45.0,
    (BUILD, DAY_LATER): 60.0,
}
QUERY_BOUND_SECONDS = 0.2
QUERY_TRIES = 3

Step = tuple[str, str]


def measure(stage: Stage) -> list[Measure]:
    """Go through the nights, round by round; the practice is a day older after each round."""
    source, size = practice.described(stage.layout, stage.servers, stage.scale)
    baked = deployment.bake(stage)
    readings: dict[Step, list[Reading]] = {}
    temporary: dict[Step, int] = {}
    slowest: list[tuple[float, str]] = []
    for turn in range(stage.rounds):
        deployed = Deployment.fresh(stage, source, baked, indexes="dbt")
        deployed.discover()
        nights = _Nights(stage, deployed, baked / MANIFEST)
        nights.refresh()
        nights.validate(FIRST)
        nights.build(FIRST)
        slowest.append(max(_worked_queries(stage, deployed)))
        nights.refresh()
        nights.validate(SAME_DAY)
        nights.build(SAME_DAY)
        nights.turn_the_day()
        nights.build(NEXT_DAY)
        simulator.advance(
            stage.servers.administrator.with_database(source.database),
            days=1,
            truth=practice.books(stage.layout),
        )
        nights.refresh()
        nights.validate(DAY_LATER)
        nights.build(DAY_LATER)
        for step, reading in nights.readings.items():
            readings.setdefault(step, []).append(reading)
        temporary |= nights.temporary_bytes
        log.info(
            "nights, round %s: %s",
            turn + 1,
            {" ".join(step): round(one.seconds, 1) for step, one in nights.readings.items()},
        )
    return [
        *(_step(step, tuple(listed), size, temporary[step]) for step, listed in readings.items()),
        Measure(
            name="nights_worked_queries",
            title="slowest worked query of a mart",
            unit="s",
            values=tuple(seconds for seconds, _ in slowest),
            bound=QUERY_BOUND_SECONDS,
            is_ceiling=True,
            note=f"of {size}, the best of {QUERY_TRIES} tries; it is {slowest[-1][1]}",
        ),
    ]


@dataclass(slots=True)
class _Nights:
    """The nights of one warehouse, and what each step of them took."""

    stage: Stage
    deployed: Deployment
    manifest: Path
    run_id: int = 0
    readings: dict[Step, Reading] = field(default_factory=dict)
    temporary_bytes: dict[Step, int] = field(default_factory=dict)

    def refresh(self) -> None:
        """Load what has changed, as a run of its own."""
        plan = self.deployed.plan(workers=whole_set.CORES)
        self.deployed.load(plan, workers=whole_set.CORES)
        self.run_id = warehouses.run_number(plan)

    def validate(self, night: str) -> None:
        """Judge what the last run has loaded."""
        self._take((VALIDATION, night), "validate", str(self.run_id))

    def build(self, night: str) -> None:
        """Build what is stale."""
        self._take((BUILD, night), "build", str(self.manifest))

    def turn_the_day(self) -> None:
        """Do to the bookkeeping what a plan does that connects on the next day."""
        with administering(self.stage.servers, self.deployed.warehouse.database) as connection:
            connection.execute(
                "update ops.run set office_on = office_on + 1 where run_id = %s", (self.run_id,)
            )

    def _take(self, step: Step, *arguments: str) -> None:
        before = self._temporary()
        meter = Meter(self.stage.servers)
        meter.start()
        ended = children.run(
            [sys.executable, "-m", "bench.night", *arguments],
            self.stage.layout.scratch,
            environment=self._environment(),
        )
        cost = meter.stop()
        self.readings[step] = Reading(
            ended.seconds,
            source_cpu=cost.source_cpu,
            warehouse_cpu=cost.warehouse_cpu,
            client_cpu=ended.cpu,
            peak_megabytes=ended.peak_bytes / MEGABYTE,
        )
        self.temporary_bytes[step] = self._temporary() - before

    def _environment(self) -> Mapping[str, str]:
        return {
            settings.WAREHOUSE_VARIABLE: self.deployed.warehouse.uri(),
            # What dbt has parsed and Data Docs are kept there.
            "AIRFLOW_HOME": str(self.stage.layout.scratch / "airflow"),
        }

    def _temporary(self) -> int:
        with administering(self.stage.servers, self.deployed.warehouse.database) as connection:
            ((written,),) = connection.execute(
                "select temp_bytes from pg_stat_database where datname = current_database()"
            ).fetchall()
        return int(written)


def _worked_queries(stage: Stage, deployed: Deployment) -> list[tuple[float, str]]:
    """Return the seconds of each worked query, its best of a few tries, with its name."""
    timed = []
    with administering(stage.servers, deployed.warehouse.database) as connection:
        for mart, query in read_worked_queries().items():
            spent = []
            for _ in range(QUERY_TRIES):
                started = time.perf_counter()
                connection.execute(query.encode()).fetchall()
                spent.append(time.perf_counter() - started)
            timed.append((min(spent), mart))
    return timed


def _step(step: Step, readings: tuple[Reading, ...], size: str, temporary_bytes: int) -> Measure:
    what, night = step
    return Measure(
        name=f"nights_{what}_{night.replace(',', '').replace(chr(39), '').replace(' ', '_')}",
        title=f"{what}, {night}",
        unit="s",
        values=tuple(one.seconds for one in readings),
        bound=BOUNDS.get(step),
        is_ceiling=True,
        readings={what: readings},
        note=f"of {size}; the process included, temporary files of "
        f"{temporary_bytes / MEGABYTE:,.0f} MB",
    )
