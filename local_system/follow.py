"""Follow one DAG run until it ends, with a line for each step that is done.

A step is a task group of the DAG, or a task outside of all groups. The run's state comes from
Airflow's API, so that a run that somebody else started can be followed too.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from include.errors import PipelineError
from include.names import counted
from local_system.api import AirflowUnavailableError, DagRun, TaskInstance
from local_system.failures import LocalSystemError
from local_system.system import System

POLL_SECONDS = 3.0
QUIET_SECONDS = 20.0
LOG_LINES = 12
FAILED_WITH = "    AirflowFailException: "
SHOWN_FAILURES = 5
SCHEDULED_RUN_LIMIT_SECONDS = 60.0
UNANSWERED_LIMIT_SECONDS = 180.0

Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """The state of one step of a run."""

    name: str
    total: int
    states: Counter[str]
    began: datetime | None
    ended: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether none of its tasks will run again by itself."""
        return self.ended is not None or self.states["skipped"] == self.total

    @property
    def done(self) -> int:
        """How many of its tasks have ended, in whatever way."""
        return sum(count for state, count in self.states.items() if state != "open")

    def line(self) -> str:
        """Return the step's line of the progress."""
        if self.states["skipped"] == self.total:
            counts = "skipped"
        else:
            counts = f"{self.done} of {counted(self.total, 'task')}"
            for state in ("failed", "upstream_failed", "skipped"):
                if self.states[state]:
                    counts += f", {self.states[state]} {state.replace('_', ' ')}"
        seconds = ""
        if self.began and self.ended:
            seconds = f"{(self.ended - self.began).total_seconds():.0f} s"
        return f"{self.name:<18} {counts:<32} {seconds:>6}".rstrip()


def steps_of(tasks: Sequence[TaskInstance]) -> list[Step]:
    """Return the steps of a run, in the order in which they began."""
    groups: dict[str, list[TaskInstance]] = {}
    for task in tasks:
        groups.setdefault(task.task_id.partition(".")[0], []).append(task)
    steps = [_step(name, group) for name, group in groups.items()]
    latest = datetime.max.replace(tzinfo=UTC)
    return sorted(steps, key=lambda step: (step.began or latest, step.name))


def begin(system: System, dag_id: str, *, is_new_wanted: bool) -> DagRun | None:
    """Return the run of the DAG to follow; None when one succeeded and no new one is wanted.

    A run that is under way is returned. A paused DAG is unpaused, so that the scheduler starts a
    run; when none starts in SCHEDULED_RUN_LIMIT_SECONDS, or the DAG was not paused, a run is
    triggered.
    """
    api = system.api
    api.wait_for_dag(dag_id)
    known = api.runs(dag_id)
    was_paused = api.is_paused(dag_id)
    if was_paused:
        api.unpause(dag_id)
    under_way = [run for run in known if not run.is_finished]
    if under_way:
        return under_way[-1]
    if not is_new_wanted and any(run.state == "success" for run in known):
        return None
    if was_paused:
        seen = {run.run_id for run in known}
        limit = time.monotonic() + SCHEDULED_RUN_LIMIT_SECONDS
        while time.monotonic() < limit:
            started = [run for run in api.runs(dag_id) if run.run_id not in seen]
            if started:
                return started[-1]
            system.fail_if_broken()
            time.sleep(0.5)
    return api.trigger(dag_id)


def follow(system: System, run: DagRun, *, limit: float, say: Say) -> None:
    """Follow the run to its end.

    A component that dies and is started again has a line. Raises PipelineError when the run fails,
    with the end of the logs of its failed tasks; when a component of the system is not started
    again; and when the run takes longer than `limit` seconds. The system keeps running and, in the
    last case, the run continues.
    """
    began = last_line = time.monotonic()
    told: set[str] = set()
    restarts = len(system.restarts())
    while True:
        run, tasks = patiently(system, partial(_look_at, system, run))
        for line in system.restarts()[restarts:]:
            restarts += 1
            say(f"  {line}")
        steps = steps_of(tasks)
        news = [step for step in steps if step.is_finished and step.name not in told]
        for step in news:
            told.add(step.name)
            say(f"  {step.line()}")
        if news:
            last_line = time.monotonic()
        if run.is_finished:
            break
        if time.monotonic() - last_line > QUIET_SECONDS:
            last_line = time.monotonic()
            working = [step for step in steps if step.began and not step.is_finished]
            for step in working:
                say(f"  {step.line()} ...")
        system.fail_if_broken()
        if time.monotonic() - began > limit:
            raise PipelineError(
                f"is still {run.state} after {limit:.0f} s. It goes on: look at it in the web UI "
                f"({system.addresses.web}), or run the same command again to follow it.",
                where=f"run {run.run_id} of {run.dag_id}",
            )
        time.sleep(POLL_SECONDS)
    if run.state != "success":
        raise LocalSystemError(
            _failures(system, tasks), where=f"run {run.run_id} of {run.dag_id} failed"
        )


def patiently(system: System, ask: Callable[[], T]) -> T:
    """Return what `ask` returns; asks again while a component that died is being started again.

    Raises PipelineError when the supervisor has given one up, and what `ask` raised when Airflow
    has not answered for UNANSWERED_LIMIT_SECONDS.
    """
    limit = time.monotonic() + UNANSWERED_LIMIT_SECONDS
    while True:
        try:
            return ask()
        except AirflowUnavailableError:
            system.fail_if_broken()
            if time.monotonic() > limit:
                raise
        time.sleep(POLL_SECONDS)


def _look_at(system: System, run: DagRun) -> tuple[DagRun, list[TaskInstance]]:
    api = system.api
    return api.run(run.dag_id, run.run_id), api.task_instances(run.dag_id, run.run_id)


def _step(name: str, tasks: Sequence[TaskInstance]) -> Step:
    states = Counter(task.state or "open" if task.is_finished else "open" for task in tasks)
    starts = [task.started_at for task in tasks if task.started_at]
    ends = [task.ended_at for task in tasks if task.ended_at]
    return Step(
        name=name,
        total=len(tasks),
        states=states,
        began=min(starts, default=None),
        ended=max(ends, default=None) if not states["open"] else None,
    )


def _failures(system: System, tasks: Sequence[TaskInstance]) -> str:
    latest = datetime.max.replace(tzinfo=UTC)
    failed = sorted(
        (task for task in tasks if task.state == "failed"),
        # The report's log sums up what the logs of the others say at length.
        key=lambda task: (task.task_id != "report", task.ended_at or latest),
    )
    parts = [
        f"{counted(len(failed), 'task')} failed. The system goes on running, so that you can look."
    ]
    for task in failed[:SHOWN_FAILURES]:
        lines = what_counts(system.api.log(task).splitlines())
        parts.append("\n".join([f"--- {task.name}, from its log:", *lines]))
    if len(failed) > SHOWN_FAILURES:
        names = ", ".join(task.name for task in failed[SHOWN_FAILURES:])
        parts.append(f"--- failed as well: {names}")
    return "\n".join(parts)


def what_counts(log: Sequence[str]) -> Sequence[str]:
    """Return LOG_LINES of a failed task's log: from what it failed with on, or else the last."""
    reasons = [n for n, line in enumerate(log) if line.startswith(FAILED_WITH)]
    return log[reasons[-1] :][:LOG_LINES] if reasons else log[-LOG_LINES:]
