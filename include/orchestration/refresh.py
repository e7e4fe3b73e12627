"""What the tasks of a refresh make of its parameters and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include import settings
from include.catalog.model import Tier
from include.errors import PipelineError
from include.orchestration.connections import warehouse_endpoint
from include.orchestration.planned import plan_of_run, targets
from include.settings import DBT_MANIFEST

if TYPE_CHECKING:
    from include.catalog.targets import LoadTarget, Mode
    from include.engine import SettleResult
    from include.planning import RefreshRequest

# Airflow's word for the runs that it starts for past intervals.
BACKFILL = "backfill"


def request() -> RefreshRequest:
    """Return what the run's parameters ask for.

    The config is the newest one in `ops.config`, with the overrides.yml of this installation. A
    backfill asks for the snapshots of a past day.
    """
    from include.planning import RefreshRequest
    from include.transform.raw_indexes import BAKED_INDEXES

    context = get_current_context()
    parameters = context["params"]
    return RefreshRequest(
        mode=parameters["mode"],
        phase=int(parameters["phase"]),
        # The form takes one name a line, and people leave blanks and empty lines.
        tables=tuple(name.strip() for name in parameters["tables"] if name.strip()),
        dry_run=bool(parameters["dry_run"]),
        config_directory=None,
        overrides_directory=settings.config_directory(),
        dag_run_id=str(context["run_id"]),
        raw_indexes=BAKED_INDEXES,
        workers=settings.load_ranges(),
        split_rows=settings.split_rows(),
        as_of_on=past_day(context["dag_run"]),
    )


def past_day(dag_run: Any) -> date | None:
    """Return the office's date at the end of a backfill's data interval; None for any other run.

    A run by hand is one of today, also where somebody gave it a date.
    """
    if dag_run.run_type != BACKFILL or dag_run.data_interval_end is None:
        return None
    end: datetime = dag_run.data_interval_end
    return end.astimezone(ZoneInfo(settings.office_time_zone())).date()


def mode() -> Mode:
    """Return whether the run trusts the hashes of earlier loads or compares every row."""
    return "full" if get_current_context()["params"]["mode"] == "full" else "compare"


def planned_loads(tier: str) -> list[str]:
    """Return what the tier's tasks load, the largest first; skips the task in a dry run."""
    return [str(target) for target in targets(_plan(), tier)]


def target(tier: str) -> LoadTarget:
    """Return what this mapped task loads; skips the task as `run_id` does."""
    index = get_current_context()["ti"].map_index
    if index is None:
        raise RuntimeError("only a mapped task has a target")
    return targets(_plan(), tier)[index]


def planned_tables() -> list[str]:
    """Return the tables that the run is to load, by their names in the source; see `run_id`."""
    return [name for tier in Tier for name in _plan()["tiers"].get(tier, ())]


def run_id() -> int:
    """Return the run's number in `ops.run`; skips the task without a plan and in a dry run."""
    return int(_plan()["run_id"])


def retry_unsettled(settled: SettleResult) -> None:
    """Raise PipelineError, so that the task is tried again, when that may load what failed."""
    if settled.may_pass:
        reasons = "; ".join(f"{name}: {settled.failed[name]}" for name in settled.may_pass)
        raise PipelineError(
            f"tables that were loaded could not be compared once more ({reasons}). Each holds the "
            "rows of its last good load. Trying again may help.",
            where="settling",
        )


def skip_unasked_validation(tier: str) -> None:
    """Skip the task when the tier has no tables in this run or is not to be validated."""
    if not _is_validated(_plan(), tier):
        raise AirflowSkipException("nothing to validate")


def refuse_unvalidated() -> None:
    """Skip the transformation when a tier's validation ended without verdicts.

    The verdicts of an earlier run say nothing about the rows of this one.
    """
    plan = _plan()
    ti = get_current_context()["ti"]
    for tier in Tier:
        if _is_validated(plan, tier) and ti.xcom_pull(task_ids=f"validate.{tier}") is None:
            raise AirflowSkipException(
                f"the validation of the {tier} tier did not end: no mart is built"
            )


def report() -> None:
    """Record how the run went, mail what is wrong or late, and fail unless all is right."""
    from include.orchestration.alerts import failed_tasks, mail_run, task_ends
    from include.reporting import report_run

    ends = task_ends()
    if plan_of_run() is None:
        mail_run(ends)
        raise AirflowFailException("there is no plan: nothing was loaded, all data is as it was")
    summary = report_run(
        warehouse_endpoint(),
        run_id=run_id(),
        planned=planned_tables(),
        manifest=DBT_MANIFEST,
        failed_tasks=failed_tasks(ends),
    )
    mail_run(ends, summary)
    if not summary.is_right:
        raise AirflowFailException(summary.text)


def _plan() -> Mapping[str, Any]:
    plan = plan_of_run()
    if plan is None:
        raise AirflowSkipException("there is no plan, so nothing was loaded")
    if get_current_context()["params"]["dry_run"]:
        raise AirflowSkipException("a dry run only shows the plan")
    return plan


def _is_validated(plan: Mapping[str, Any], tier: str) -> bool:
    is_asked = bool(get_current_context()["params"]["validate_after"])
    return is_asked and bool(plan["tiers"].get(tier) or plan["lost"].get(tier))
