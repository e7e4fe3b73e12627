"""Following runs of a real Airflow, and reading the mails that it sent."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any

import pymysql

from include.endpoints import Endpoint
from include.warehouse import session as warehouse_session
from local_system.api import DagRun, TaskInstance
from local_system.system import System

RUN_LIMIT_SECONDS = 1200
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Ended:
    """A finished run with its tasks."""

    run: DagRun
    tasks: tuple[TaskInstance, ...]

    def states(self, prefix: str) -> set[str | None]:
        """Return how the tasks with this beginning ended."""
        return {task.state for task in self.tasks if task.task_id.startswith(prefix)}

    def loaded(self, state: str = "success") -> set[str]:
        """Return the tables whose load ended so, by their map labels without the range."""
        return {
            str(task.label).partition(" (")[0]
            for task in self.tasks
            if task.task_id.endswith(".load") and task.state == state and task.map_index >= 0
        }

    def failed(self) -> list[str]:
        """Return the tasks that failed, with the tables of mapped ones."""
        return sorted(
            f"{task.task_id} {task.label or ''}".strip()
            for task in self.tasks
            if task.state == "failed"
        )

    def task(self, task_id: str, *, label: str | None = None) -> TaskInstance:
        """Return one task of the run."""
        (found,) = (
            task
            for task in self.tasks
            if task.task_id == task_id and (label is None or task.label == label)
        )
        return found


def await_end(system: System, run: DagRun) -> Ended:
    """Return the run when it has ended."""
    ended = system.api.wait_for_run(run.dag_id, run.run_id, limit=RUN_LIMIT_SECONDS)
    return Ended(ended, tuple(system.api.task_instances(run.dag_id, run.run_id)))


def begin(system: System) -> System:
    """Let both DAGs run by their schedules, once, if nobody has; return the system."""
    for dag_id in ("discover_open_dental", "refresh_warehouse"):
        system.api.wait_for_dag(dag_id)
        if system.api.is_paused(dag_id):
            system.api.unpause(dag_id)
            run = await_run(system, dag_id, lambda run: run.run_type == "scheduled")
            assert await_end(system, run).run.state == "success"
    return system


def refresh(system: System, **parameters: Any) -> Ended:
    """Trigger a refresh with these parameters and return it when it has ended."""
    return await_end(system, system.api.trigger("refresh_warehouse", parameters))


def backfill(
    system: System, first: date, last: date, *, at_once: int = 1, again: bool = False
) -> list[Ended]:
    """Backfill the days from first to last; return the runs when all has ended, day by day.

    With `again` they are days that were backfilled before.
    """
    command = [sys.executable, "-m", "airflow", "backfill", "create"]
    command += ["--dag-id", "refresh_warehouse"]
    command += ["--reprocess-behavior", "completed" if again else "none"]
    # A night's run begins its interval on the day before.
    command += ["--from-date", f"{first - timedelta(days=1)}T00:00", "--to-date", f"{last}T00:00"]
    command += ["--max-active-runs", str(at_once)]
    done = subprocess.run(command, env=system.airflow_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    ended = [await_end(system, _run_of(system, day)) for day in days]
    # Airflow begins no other backfill before its scheduler has seen that this one is over.
    end = time.monotonic() + RUN_LIMIT_SECONDS
    while ask(system.addresses.airflow, "select 1 from backfill where completed_at is null"):
        assert time.monotonic() < end, "the backfill goes on after its last run"
        time.sleep(POLL_SECONDS)
    return ended


def _run_of(system: System, day: date) -> DagRun:
    """Return the run of a backfill whose interval ends on that day, as its name says."""
    name = f"backfill__{day}T"
    return await_run(system, "refresh_warehouse", lambda run: run.run_id.startswith(name))


def await_run(
    system: System, dag_id: str, is_wanted: Callable[[DagRun], bool], *, limit: float = 60
) -> DagRun:
    """Return the newest run that is wanted as soon as there is one."""
    end = time.monotonic() + limit
    while True:
        for run in system.api.runs(dag_id):
            if is_wanted(run):
                return run
        assert time.monotonic() < end, f"no such run of {dag_id} after {limit:.0f} s"
        time.sleep(POLL_SECONDS)


def text_of(mail: EmailMessage) -> str:
    """Return what a person reads, and the addresses behind it."""
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join(str(part.get_content()) for part in parts)


def mails_about(system: System, *words: str) -> list[EmailMessage]:
    """Return the mails that hold all these words in subject or text."""
    return [
        mail
        for mail in system.mails()
        if all(word in f"{mail['Subject']}\n{text_of(mail)}" for word in words)
    ]


def ask(endpoint: Endpoint, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query on PostgreSQL; statements are committed."""
    with warehouse_session.connect(endpoint, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def change(endpoint: Endpoint, *statements: str) -> None:
    """Run statements on the practice database, as the practice itself."""
    with (
        pymysql.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=endpoint.database,
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
