"""Who gets a slot first when more loads wait than can run, on a real scheduler and executor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest

from include.catalog.model import Tier
from local_system.api import TaskInstance
from local_system.components import POOLS
from local_system.environment import PARALLELISM
from local_system.system import System
from tests.orchestration.running import Ended, ask, begin, refresh

SLOTS = {name: int(pool["slots"]) for name, pool in json.loads(POOLS.read_text()).items()}
# More than can run at once, of each of both tiers.
TABLES = PARALLELISM + 4


@pytest.fixture(scope="module")
def system(airflow_system: System) -> System:
    """A system whose scheduled runs are over."""
    return begin(airflow_system)


@pytest.fixture
def wide_pools(system: System) -> Iterator[None]:
    """Pools that let every tier fill the executor alone."""
    for tier in Tier:
        system.api.resize_pool(tier, 2 * TABLES)
    yield
    for tier in Tier:
        system.api.resize_pool(tier, SLOTS[tier])


def largest(system: System, tier: Tier) -> list[str]:
    rows = ask(
        system.addresses.warehouse,
        "select table_name from (select distinct on (table_name) table_name, byte_count"
        " from ops.table_profile order by table_name, discovered_at desc) as profile"
        " join ops.table_state using (table_name)"
        " join (select distinct table_name, tier from ops.table_load) as load using (table_name)"
        " where tier = %s and row_count > 0 order by byte_count desc, table_name limit %s",
        (tier, TABLES),
    )
    return [str(name) for (name,) in rows]


def loads(ended: Ended, tier: Tier) -> list[TaskInstance]:
    found = [task for task in ended.tasks if task.task_id == f"{tier}.load"]
    assert {task.state for task in found} == {"success"}
    return sorted(found, key=lambda task: (queued(task), task.map_index))


def queued(task: TaskInstance) -> datetime:
    """Return when the scheduler gave the task a slot: tasks of one moment start in any order."""
    assert task.queued_at is not None
    return task.queued_at


def peak(tasks: Sequence[TaskInstance]) -> int:
    """Return how many ran at the same time at most."""
    edges = [(task.started_at, 1) for task in tasks if task.started_at is not None]
    edges += [(task.ended_at, -1) for task in tasks if task.ended_at is not None]
    running = highest = 0
    for _, step in sorted(edges):
        running += step
        highest = max(highest, running)
    return highest


@pytest.mark.usefixtures("wide_pools")
def test_a_saturated_executor_starts_critical_tables_first_and_the_largest_of_them(
    system: System,
) -> None:
    critical, reference = largest(system, Tier.CRITICAL), largest(system, Tier.REFERENCE)
    assert len(critical) == len(reference) == TABLES
    # Named in the other order, which must not matter.
    ended = refresh(system, tables=[*reference, *reversed(critical)])
    first, last = loads(ended, Tier.CRITICAL), loads(ended, Tier.REFERENCE)
    assert queued(first[-1]) <= queued(last[0]), "no reference table went before a critical one"
    assert queued(first[0]) < queued(first[-1]), "not all of them could run at once"
    planned = system.api.xcom(ended.task("plan"))["tiers"]["critical"]
    assert [str(task.label) for task in first] == planned, "the largest of them went first"
    assert peak(first) > SLOTS[Tier.CRITICAL], "the executor was the limit, not the pool"


def test_no_tier_takes_more_of_the_executor_than_its_pool(system: System) -> None:
    (scheduled,) = (
        run for run in system.api.runs("refresh_warehouse") if run.run_type == "scheduled"
    )
    tasks = system.api.task_instances(scheduled.dag_id, scheduled.run_id)
    for tier in Tier:
        of_tier = [task for task in tasks if task.task_id == f"{tier}.load" and task.started_at]
        assert len(of_tier) > SLOTS[tier]
        assert peak(of_tier) <= SLOTS[tier] < PARALLELISM
