"""The deadline of a DAG run, and the mail that says it was missed.

Airflow's triggerer calls `mail_missed_deadline` as soon as the time is up, while the run may
still be running. It gets the run and the deadline, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from include import settings
from include.orchestration import mail
from include.orchestration.links import web_url


def deadline() -> DeadlineAlert:
    """Return the deadline of a run, counted from the moment it was queued.

    Counted from the logical date, every run would be late at birth: that date lies one whole
    interval back.
    """
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=settings.deadline_minutes()),
        callback=AsyncCallback(
            mail_missed_deadline, kwargs={"minutes": settings.deadline_minutes()}
        ),
    )


async def mail_missed_deadline(minutes: float, context: Mapping[str, Any]) -> None:
    """Mail that a run is late. Backfills mail nothing: they wait in the queue by design."""
    run = context["dag_run"]
    if run["run_type"] == "backfill":
        return
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    await mail.send_from_triggerer(
        f"{dag_id} is late",
        f"Run {run_id} of {dag_id} was queued at {run['queued_at']} and has not finished within "
        f"{minutes:g} minutes. It goes on; the marts keep the data of the run before until it is "
        f"done.\n\nWhat it is doing now: {web_url()}/dags/{dag_id}/runs/{quote(run_id)}\n",
    )
