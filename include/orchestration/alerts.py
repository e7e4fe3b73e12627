"""The mails about what failed: one per run and tier, and one for whatever belongs to no tier.

They are sent by tasks of their own that run however the others ended, so that no failure, skip or
lost worker keeps them back. A task that is retried after its mail has left may send it twice;
none is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow.sdk import get_current_context

from include.catalog.model import Tier
from include.errors import PipelineError
from include.orchestration import mail
from include.orchestration.connections import warehouse_endpoint
from include.orchestration.links import log_url
from include.warehouse import session

log = logging.getLogger(__name__)

UNRECORDED = "the task ended without recording a reason; its log has the last words"


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How one task of the present run ended; `map_index` is -1 when it is not mapped."""

    task_id: str
    map_index: int
    state: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What a mail says about one table or task."""

    name: str
    reason: str
    log: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}\n    log: {self.log}"


def plan_of_run() -> Mapping[str, Any] | None:
    """Return what the planning task of this run returned; None when it failed."""
    plan: Mapping[str, Any] | None = get_current_context()["ti"].xcom_pull(task_ids="plan")
    return plan


def mail_failed_tier(tier: str) -> None:
    """Mail the tier's failed and blocked tables, each with its reason and log; nothing if none."""
    context = get_current_context()
    plan = plan_of_run()
    if plan is None or context["params"]["dry_run"]:
        # Without a plan no table was touched; the report mails why there is none.
        return
    dag_id, run_id = context["ti"].dag_id, str(context["run_id"])
    ends = [end for end in task_ends() if _tier_of(end.task_id) == tier]
    tables: Sequence[str] = plan["tiers"].get(tier, ())
    failed = {end.map_index for end in ends if end.task_id == f"{tier}.load" and _is_failed(end)}
    was_validated = any(
        end.task_id == f"validate.{tier}" and end.state == "success" for end in ends
    )
    reasons = _reasons(int(plan["run_id"]), tables, with_verdicts=was_validated)
    found = [
        Failure(
            table,
            reasons.get(table.lower(), UNRECORDED),
            log_url(dag_id, run_id, f"{tier}.load", map_index=index),
        )
        for index, table in enumerate(tables)
        if index in failed or table.lower() in reasons
    ]
    found += [
        Failure(f"task {end.task_id}", UNRECORDED, log_url(dag_id, run_id, end.task_id))
        for end in ends
        if end.task_id != f"{tier}.load" and _is_failed(end)
    ]
    if not found:
        log.info("every %s table is loaded and publishable", tier)
        return
    mail.send(f"{dag_id}: {len(found)} {tier} failures", _text(tier, run_id, found))


def mail_failed_tasks(*, note: str = "") -> list[Failure]:
    """Mail the failed tasks of this run that belong to no tier, and return them.

    `note` is what else the reader should know; with a note the mail is sent in any case.
    """
    context = get_current_context()
    dag_id, run_id = context["ti"].dag_id, str(context["run_id"])
    found = [
        Failure(f"task {end.task_id}", f"it {end.state.replace('_', ' ')}", _log_of(end))
        for end in task_ends()
        if _tier_of(end.task_id) is None and end.state == "failed"
    ]
    if found or note:
        heading = f"Run {run_id} of {dag_id} did not end well."
        lines = [heading, *([note] if note else []), *map(str, found)]
        mail.send(f"{dag_id}: {len(found)} failed tasks", "\n\n".join(lines))
    return found


def task_ends() -> list[TaskEnd]:
    """Return every task of the present run that has ended so far."""
    # The runtime's own class: the protocol that types the context leaves the method out.
    ti: Any = get_current_context()["ti"]
    return [
        TaskEnd(str(crumb["task_id"]), int(crumb["map_index"]), str(crumb["state"]))
        for crumb in ti.get_task_breadcrumbs(ti.dag_id, ti.run_id)
    ]


def _is_failed(end: TaskEnd) -> bool:
    return end.state == "failed"


def _tier_of(task_id: str) -> str | None:
    group, _, name = task_id.partition(".")
    tiers = {tier.value for tier in Tier}
    if group in tiers:
        return group
    return name if group == "validate" and name in tiers else None


def _log_of(end: TaskEnd) -> str:
    ti = get_current_context()["ti"]
    return log_url(ti.dag_id, str(ti.run_id), end.task_id, map_index=end.map_index)


def _reasons(run_id: int, tables: Sequence[str], *, with_verdicts: bool) -> dict[str, str]:
    """Return why tables failed or are blocked, by their name in raw."""
    names = [table.lower() for table in tables]
    try:
        with session.connect(warehouse_endpoint()) as connection:
            blocked = connection.execute(
                "select table_name, blocked_reason from ops.table_state"
                " where table_name = any(%s) and not is_publishable and %s",
                (names, with_verdicts),
            ).fetchall()
            failed = connection.execute(
                "select table_name, error from ops.table_load"
                " where run_id = %s and table_name = any(%s) and state <> 'succeeded'",
                (run_id, names),
            ).fetchall()
    except PipelineError as error:
        # The mail matters more than its reasons: Airflow's states still name the tables.
        log.warning("the reasons are missing from the mail: %s", error)
        return {}
    return {str(name): str(reason or UNRECORDED) for name, reason in [*blocked, *failed]}


def _text(tier: str, run_id: str, found: Sequence[Failure]) -> str:
    return "\n\n".join(
        [
            f"Run {run_id}: these {tier} tables failed or are blocked. Each keeps its last good "
            "rows, and so do the marts that read it; everything else goes on.",
            *map(str, found),
        ]
    )
