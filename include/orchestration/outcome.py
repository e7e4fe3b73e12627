"""The task of one dbt model: it says what the layer's build did with the model.

Cosmos would make this a sensor that runs the model by itself when the build gives no answer or
the task is retried, which walks past the tests on the model's sources. This task never runs dbt:
building a model again means clearing the layer's build.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from cosmos.operators._watcher.aggregation import get_tests_status_xcom_key
from cosmos.operators._watcher.state import (
    get_dbt_event_xcom_key,
    get_status_xcom_key,
    is_dbt_node_status_success,
)


class ModelOutcome(BaseOperator):
    """Succeeds when the build made the model and none of the model's tests failed.

    `producer_task_id` is set by Cosmos to the build of the same group.
    """

    ui_color = "#c8e6c9"

    def __init__(self, *, model_unique_id: str, producer_task_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model_unique_id = model_unique_id
        self.producer_task_id = producer_task_id

    def execute(self, context: Context) -> None:
        """Read the build's answer; raise AirflowFailException when it is not a success."""
        answer = self._answer(context, get_status_xcom_key(self.model_unique_id))
        status = answer.get("status") if isinstance(answer, Mapping) else answer
        if status is None:
            raise AirflowFailException(
                f"{self.model_unique_id}: the build ended before it reached this model, which "
                f"keeps its rows. Read the log of {self.producer_task_id}, then clear that task."
            )
        if not is_dbt_node_status_success(status):
            event = self._answer(context, get_dbt_event_xcom_key(self.model_unique_id)) or {}
            raise AirflowFailException(
                f"{self.model_unique_id}: not built ({event.get('msg') or status}); it keeps its "
                f"rows. A test on a source or model that it reads failed, or its own SQL: see the "
                f"log of {self.producer_task_id}."
            )
        if self._answer(context, get_tests_status_xcom_key(self.model_unique_id)) == "fail":
            raise AirflowFailException(
                f"{self.model_unique_id}: built, but a test of it failed. What reads it keeps its "
                f"rows. See the log of {self.producer_task_id}."
            )
        self.log.info("%s: built", self.model_unique_id)

    def _answer(self, context: Context, key: str) -> Any:
        return context["ti"].xcom_pull(task_ids=self.producer_task_id, key=key)
