"""The two DAGs starting each other, each at most once per cause.

A refresh that sees drift starts a discovery; a discovery that released quarantined tables starts a
refresh of these. The ids of such runs say who asked, and a run that was asked for never asks back:
drift that discovery cannot resolve ends there, in the mail about the quarantined table.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

DISCOVERY = "discover_open_dental"
REFRESH = "refresh_warehouse"
ASKED_FOR = "asked_by_"


class RequestDiscovery(TriggerDagRunOperator):
    """Starts a discovery when the plan of this refresh needs one; is skipped otherwise."""

    def __init__(self, *, plan_task_id: str, **kwargs: Any) -> None:
        super().__init__(trigger_dag_id=DISCOVERY, skip_when_already_exists=True, **kwargs)
        self.plan_task_id = plan_task_id

    def execute(self, context: Context) -> None:
        """Trigger the run, or raise AirflowSkipException."""
        plan = context["ti"].xcom_pull(task_ids=self.plan_task_id) or {}
        if not plan.get("discovery_needed"):
            raise AirflowSkipException("the source looks as the config says")
        if context["params"].get("dry_run"):
            raise AirflowSkipException("a dry run starts nothing")
        self.trigger_run_id = _asking_run_id(context)
        super().execute(context)


class RequestRefresh(TriggerDagRunOperator):
    """Starts a refresh of the tables that the discovery released; is skipped without any."""

    def __init__(self, *, discover_task_id: str, **kwargs: Any) -> None:
        super().__init__(trigger_dag_id=REFRESH, skip_when_already_exists=True, **kwargs)
        self.discover_task_id = discover_task_id

    def execute(self, context: Context) -> None:
        """Trigger the run, or raise AirflowSkipException."""
        released = context["ti"].xcom_pull(task_ids=self.discover_task_id) or []
        if not released:
            raise AirflowSkipException("no table was in quarantine")
        self.trigger_run_id = f"{ASKED_FOR}{DISCOVERY}__{context['run_id']}"
        self.conf = {"tables": sorted(released)}
        super().execute(context)


def _asking_run_id(context: Context) -> str:
    run_id = str(context["run_id"])
    if run_id.startswith(ASKED_FOR):
        raise AirflowSkipException("discovery asked for this refresh; asking back would not end")
    return f"{ASKED_FOR}{REFRESH}__{run_id}"
