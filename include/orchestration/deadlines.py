"""The deadline of a DAG run, and the mail that says it was missed.

Airflow's triggerer calls `mail_missed_deadline` as soon as the time is up, while the run may
still be running. It gets the run and the deadline, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from include import settings
from include.orchestration.links import run_url

ENDED = ("success", "failed")


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
    """Mail that a run is late and still goes on.

    Backfills mail nothing: they wait in the queue by design. Neither does a run that has ended:
    Airflow keeps the deadline of a run that failed, and asks about it when its time is up.
    """
    run = context["dag_run"]
    if run["run_type"] == "backfill" or run["state"] in ENDED:
        return
    # Every DAG file imports this module, and only the triggerer ever gets here.
    from include.orchestration import mail
    from include.reporting.mails import missed_deadline_mail

    dag_id, run_id = str(run["dag_id"]), str(run["dag_run_id"])
    await mail.send_from_triggerer(
        missed_deadline_mail(
            dag_id,
            run=run_id,
            run_url=run_url(dag_id, run_id),
            queued_at=str(run["queued_at"]),
            minutes=minutes,
        )
    )
