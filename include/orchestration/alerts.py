"""The mails about what failed: one per run and tier, and one about the run as a whole.

They are sent by tasks of their own that run however the others ended, so that no failure, skip or
lost worker keeps them back. A task that is retried after its mail has left may send it twice;
none is lost.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from include.catalog.model import Tier
from include.errors import PipelineError
from include.ops import loads, schema, table_states
from include.orchestration import mail
from include.orchestration.connections import warehouse_endpoint
from include.orchestration.errors import REASON
from include.orchestration.links import log_url, run_url
from include.orchestration.parsing import DBT_GROUPS
from include.orchestration.planned import plan_of_run, targets
from include.reporting import RunReport
from include.reporting.mails import (
    FailedTable,
    failed_tables_mail,
    failed_tasks_mail,
    run_report_mail,
)
from include.sessions.locks import verdicts_at_rest

log = logging.getLogger(__name__)

UNRECORDED = "the task ended without recording a reason; its log has the last words"


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How one task of the present run ended; `map_index` is -1 when it is not mapped."""

    task_id: str
    map_index: int
    state: str

    @property
    def is_failed(self) -> bool:
        """Whether the task itself failed, rather than something before it."""
        return self.state == "failed"

    @property
    def is_outcome(self) -> bool:
        """Whether the task only repeats what the build did with a model."""
        return self.task_id.partition(".")[0] in DBT_GROUPS

    @property
    def tier(self) -> str | None:
        """The tier that the task loads or validates; None for all other tasks."""
        group, _, name = self.task_id.partition(".")
        tiers = {tier.value for tier in Tier}
        if group in tiers:
            return group
        return name if group == "validate" and name in tiers else None


def task_ends() -> list[TaskEnd]:
    """Return every task of the present run that has ended so far."""
    # The runtime's own class: the protocol that types the context leaves the method out.
    ti: Any = get_current_context()["ti"]
    return [
        TaskEnd(str(crumb["task_id"]), int(crumb["map_index"]), str(crumb["state"]))
        for crumb in ti.get_task_breadcrumbs(ti.dag_id, ti.run_id)
    ]


def mail_failed_tier(tier: str) -> None:
    """Mail the tier's failed, blocked and lost tables, each with reason and log; nothing if none.

    A table is lost when it was loaded once and cannot be now.
    """
    plan = plan_of_run()
    if plan is None or get_current_context()["params"]["dry_run"]:
        # Without a plan no table was touched; the mail about the run says why there is none.
        return
    ends = [end for end in task_ends() if end.tier == tier]
    load = f"{tier}.load"
    loads = targets(plan, tier)
    failed = {end.map_index for end in ends if end.task_id == load and end.is_failed}
    was_validated = any(
        end.task_id == f"validate.{tier}" and end.state == "success" for end in ends
    )
    tables = [target.table for target in loads]
    reasons = _reasons(int(plan["run_id"]), tables, with_verdicts=was_validated)
    # One entry for a table, also where several of its ranges failed: that of the first.
    worst: dict[str, int] = {}
    for index, table in enumerate(tables):
        is_failed = index in failed
        if (is_failed and worst.get(table) not in failed) or (
            table.lower() in reasons and table not in worst
        ):
            worst[table] = index
    found = [
        FailedTable(table, reasons.get(table.lower(), UNRECORDED), _log_of(load, index))
        for table, index in worst.items()
    ]
    quarantined = dict(plan["quarantined"])
    found += [
        FailedTable(table, quarantined[table], _log_of("plan"))
        for table in plan["lost"].get(tier, ())
    ]
    found += [
        FailedTable(f"task {end.task_id}", _reason_of(end), _log_of(end.task_id))
        for end in ends
        if end.task_id != load and end.is_failed
    ]
    if not found:
        log.info("every %s table is loaded and publishable", tier)
        return
    dag_id, run_id = _run()
    mail.send(failed_tables_mail(tier, found, run=run_id, run_url=run_url(dag_id, run_id)))


def failed_tasks(ends: Sequence[TaskEnd]) -> list[str]:
    """Return the names of the tasks that failed; of a mapped one, with how many did."""
    counts = Counter(end.task_id for end in ends if end.is_failed)
    return [
        f"{task_id} ({count} times)" if count > 1 else task_id for task_id, count in counts.items()
    ]


def mail_run(ends: Sequence[TaskEnd], report: RunReport | None = None) -> None:
    """Mail when the run went wrong, or is late, with the logs of tasks outside of its tiers.

    Without a report, only failed tasks are mailed. The tiers' own failures are in the report as
    well, for the marts that they keep back.
    """
    others = [
        FailedTable(f"task {end.task_id}", _reason_of(end), _log_of(end.task_id, end.map_index))
        for end in ends
        if end.is_failed and end.tier is None and not end.is_outcome
    ]
    dag_id, run_id = _run()
    address = run_url(dag_id, run_id)
    if report is not None and (not report.is_right or report.sla_misses):
        mail.send(run_report_mail(report, run=run_id, run_url=address, failed_tasks=others))
    elif report is None and others:
        mail.send(failed_tasks_mail(dag_id, others, run=run_id, run_url=address))


def fail_if_a_task_failed() -> None:
    """Mail the failed tasks, then fail as the last task, so that the run is not taken for green."""
    ends = task_ends()
    mail_run(ends)
    if failed_tasks(ends):
        raise AirflowFailException("a task of this run failed; the mail names it")


def _run() -> tuple[str, str]:
    context = get_current_context()
    return context["ti"].dag_id, str(context["run_id"])


def _reason_of(end: TaskEnd) -> str:
    ti = get_current_context()["ti"]
    reason = ti.xcom_pull(task_ids=end.task_id, key=REASON, map_indexes=end.map_index)
    return str(reason or UNRECORDED)


def _log_of(task_id: str, map_index: int = -1) -> str:
    return log_url(*_run(), task_id, map_index=map_index)


def _reasons(run_id: int, tables: Sequence[str], *, with_verdicts: bool) -> dict[str, str]:
    """Return why tables failed or are blocked, by their name in raw."""
    names = [table.lower() for table in tables]
    try:
        warehouse = warehouse_endpoint()
        with (
            verdicts_at_rest(warehouse, Tier),
            schema.connect(warehouse) as connection,
        ):
            blocked = table_states.blocked_tables(connection) if with_verdicts else {}
            failed = loads.load_errors(connection, run_id, names)
    except PipelineError as error:
        # The mail matters more than its reasons: Airflow's states still name the tables.
        log.warning("the reasons are missing from the mail: %s", error)
        return {}
    return {
        **{name: block.reason for name, block in blocked.items() if name in names},
        **{name: error or UNRECORDED for name, error in failed.items()},
    }
