"""The progress lines of `make demo`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local_system.api import TaskInstance
from local_system.follow import LOG_LINES, steps_of, what_counts

BEGAN = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def task(task_id: str, state: str | None, *, at: int = 0, map_index: int = -1) -> TaskInstance:
    """A task that began `at` seconds into the run and, if it has ended, took ten."""
    is_finished = state in {"success", "failed"}
    return TaskInstance(
        dag_id="refresh_warehouse",
        run_id="r",
        task_id=task_id,
        map_index=map_index,
        label=None,
        state=state,
        try_number=1,
        started_at=BEGAN + timedelta(seconds=at)
        if state in {"success", "failed", "running"}
        else None,
        ended_at=BEGAN + timedelta(seconds=at + 10) if is_finished else None,
        pool="critical",
    )


def test_tasks_of_a_group_are_one_step_in_the_order_of_their_begin() -> None:
    steps = steps_of(
        [
            task("report", None),
            task("critical.load", "failed", at=30, map_index=1),
            task("critical.load", "success", at=12, map_index=0),
            task("critical.critical", "success", at=10),
            task("plan", "success"),
        ]
    )
    assert [step.name for step in steps] == ["plan", "critical", "report"]
    assert [step.is_finished for step in steps] == [True, True, False]
    assert " ".join(steps[1].line().split()) == "critical 3 of 3 tasks, 1 failed 30 s"


def test_a_step_is_open_while_one_of_its_tasks_waits_for_a_retry() -> None:
    [step] = steps_of([task("marts.a", "success"), task("marts.b", "up_for_retry")])
    assert not step.is_finished
    assert step.done == 1


def test_a_step_that_was_skipped_whole_is_finished() -> None:
    [step] = steps_of([task("staging.build", "skipped")])
    assert step.is_finished
    assert step.line().split() == ["staging", "skipped"]


def test_what_a_task_failed_with_is_told_before_what_follows_it() -> None:
    begun = [f"line {n}" for n in range(40)]
    reason = ["    AirflowFailException: 1 table failed", *(f"fresh {n}" for n in range(40))]
    assert what_counts([*begun, *reason]) == reason[:LOG_LINES]
    assert what_counts(begun) == begun[-LOG_LINES:]
