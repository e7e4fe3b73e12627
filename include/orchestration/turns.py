"""One refresh at a time, however many DAG runs Airflow has started.

Airflow counts the runs of a backfill apart from the others, so that several can be at work at once,
each moving the rows and the gates that the others rely on. They take turns: the plan of a DAG run
waits, without a worker, until the one before it has ended.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowRescheduleException

from include.ops import runs, schema
from include.orchestration.connections import warehouse_endpoint

ASK_AGAIN_AFTER = timedelta(seconds=10)
UNFINISHED = ["queued", "running"]

log = logging.getLogger(__name__)


def wait_for_turn() -> None:
    """Return when no other DAG run of this DAG is refreshing; until then, reschedule the task.

    A dry run changes nothing and waits for nobody.
    """
    context = get_current_context()
    if context["params"]["dry_run"]:
        return
    ti: Any = context["ti"]

    def is_active(dag_run_id: str) -> bool:
        return bool(ti.get_dr_count(ti.dag_id, run_ids=[dag_run_id], states=UNFINISHED))

    with schema.connect(warehouse_endpoint()) as connection:
        other = runs.take_turn(connection, str(context["run_id"]), is_active=is_active)
    if other is not None:
        log.info("run %s refreshes the warehouse at present; this one waits for it", other)
        reschedule: Any = AirflowRescheduleException
        raise reschedule(datetime.now(UTC) + ASK_AGAIN_AFTER)
