"""A refresh in whose middle a part of the system, or all of it, is killed: one `make demo` ends it.

What `make demo` holds is a part of it: it fails where a run is not green, or where the marts differ
from the practice's own books.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from include import settings
from local_system.demo import PracticeSize, run_demo
from local_system.follow import begin
from local_system.system import System
from simulator import advance
from tests.local_system.power import cut_power
from tests.orchestration.running import RUN_LIMIT_SECONDS, ask, mails_about

pytestmark = pytest.mark.soak

SIZE = PracticeSize(60, 1)
LOADED_BEFORE = 10
DBT_AT_WORK = (
    "select pid from pg_stat_activity where application_name = 'dbt' and query ~ 'create '"
)


@pytest.fixture(scope="module")
def demo(airflow_system: System) -> System:
    run_demo(airflow_system, SIZE, logging.getLogger(__name__).info)
    return airflow_system


def await_loads(system: System, run_id: str) -> None:
    """Return when the run is in the middle of its loads."""
    limit = time.monotonic() + RUN_LIMIT_SECONDS
    while time.monotonic() < limit:
        tasks = system.api.task_instances("refresh_warehouse", run_id)
        if sum(task.state == "success" and task.map_index >= 0 for task in tasks) >= LOADED_BEFORE:
            return
        time.sleep(0.5)
    raise AssertionError(f"{run_id} has loaded nothing after {RUN_LIMIT_SECONDS} s")


def await_build(system: System, run_id: str) -> None:
    """Return while dbt works in the warehouse."""
    limit = time.monotonic() + RUN_LIMIT_SECONDS
    while not ask(system.addresses.warehouse, DBT_AT_WORK):
        assert time.monotonic() < limit, f"{run_id} has built nothing"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("victim", "moment"),
    [
        ("postgres", await_loads),
        ("postgres", await_build),
        ("mariadb", await_loads),
        ("scheduler", await_loads),
        ("api-server", await_loads),
        ("supervisor", await_loads),
        ("everything", await_loads),
    ],
)
def test_one_make_demo_ends_what_was_killed_in_the_middle(
    demo: System, victim: str, moment: Callable[[System, str], None]
) -> None:
    advance(demo.addresses.practice_writer, days=1, truth=demo.layout.truth)
    run = begin(demo, "refresh_warehouse", is_new_wanted=True)
    assert run is not None
    moment(demo, run.run_id)
    status = demo.status()
    assert status is not None
    if victim == "everything":
        cut_power(demo)
    else:
        pid = status.supervisor if victim == "supervisor" else status.running[victim]
        os.kill(pid, signal.SIGKILL)

    run_demo(demo, SIZE, logging.getLogger(__name__).info)

    assert demo.api.run(run.dag_id, run.run_id).state == "success"
    # The fixture's deadline is a few seconds, so that mail is due; no other one is.
    others = [mail["Subject"] for mail in mails_about(demo, run.run_id)]
    assert others == [subject for subject in others if "is late" in subject]
    done = subprocess.run(
        [sys.executable, "-m", "include.cli", "verify"],
        env=settings.inherited_environment() | demo.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
