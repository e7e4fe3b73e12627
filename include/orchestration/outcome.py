"""The tasks that say what a run's build did with each model.

They run nothing, least of all dbt, which would walk past the gate: building a model again means
clearing the task `build`. The triggerer ends them by what that task has recorded, without a worker,
as built (success), unchanged (skipped), waiting for a blocked table or failed (both failed).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import (
    BaseTrigger,
    StartTriggerArgs,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)

from include.orchestration.parsing import BUILD
from include.transform.outcomes import ModelState

# The XCom of the build: state and reason, by the name of the task that says them.
OUTCOMES = "outcomes"
_UNKNOWN = (ModelState.FAILED, "the build ended before it reached this model, which is as it was")
_EVENTS: dict[str, type[TaskSuccessEvent | TaskSkippedEvent | TaskFailedEvent]] = {
    ModelState.BUILT: TaskSuccessEvent,
    ModelState.UNCHANGED: TaskSkippedEvent,
    ModelState.WAITING: TaskFailedEvent,
    ModelState.FAILED: TaskFailedEvent,
}


class OutcomeTrigger(BaseTrigger):
    """Ends the task of a model, or of a group of them, by what the build has recorded of it."""

    def __init__(self, subject: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.subject = subject

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and what it is made with."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"subject": self.subject}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Read the build's answer, log it, and end the task."""
        ti: Any = self.task_instance
        answers = await ti.axcom_pull(task_ids=BUILD, key=OUTCOMES, map_indexes=-1) or {}
        state, why = answers.get(self.subject, _UNKNOWN)
        self.log.info("%s: %s%s", self.subject, state, f": {why}" if why else "")
        yield _EVENTS[state]()


class ModelOutcome(BaseOperator):
    """Says what the build did with its subject: a model by dbt's unique id, or all of staging."""

    ui_color = "#c8e6c9"
    start_from_trigger = True

    def __init__(self, *, subject: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subject = subject
        classpath, arguments = OutcomeTrigger(subject).serialize()
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=classpath, trigger_kwargs=arguments, next_method="execute"
        )

    def execute(self, context: Context) -> None:  # noqa: ARG002
        """Fail: a worker has nothing to do here."""
        raise AirflowFailException("only the triggerer ends this task; is it running?")
