"""Makes `raw` equal to the practice database, validates it and rebuilds the marts.

Runs every night and on demand. A backfill keeps the accounts receivable as of past days.

- **Reads** the practice database (connection `open_dental`), `ops.config` and `overrides.yml`.
- **Writes** `raw`, `ops`, `staging`, `intermediate`, `snapshots` and `marts` (connection
  `warehouse`), and `tables.yml`.
- **Run again** at any time: one run refreshes, others wait in their task `plan`. A table whose
  content is the same is not written, and one that broke off goes on where it stopped.
- **A failure** leaves the tables and marts that the mail names as they were; the rest is fresh.

Parameters:

- `mode`: `compare` skips chunks whose content is unchanged; `full` compares every row of the
  chosen tables, whatever earlier loads remember. Both write only what differs.
- `phase`: 1 loads the critical tables only, 4 all tiers.
- `tables`: the source tables to load; empty means all.
- `dry_run`: shows the plan in the log of the task `plan` and does nothing.
- `validate_after`: when off, the marts are built on the verdicts of the run before.

A table that is larger than all behind it in the queue is loaded in ranges of its key, each a task
of its own: `procedurelog (2/4)`. The last one to end completes the table.

Every run looks again at each table that is new, changed or in quarantine; what is whole is loaded
and its marts are built in the same run. A table that was loaded before and cannot be now is mailed
with its tier, until it is back or `overrides.yml` excludes it.

The run of a backfill is one of the day, by the office's clock, on which its interval ends. It reads
nothing of the practice where a run that began after that day has loaded every table; what has no
such load is loaded. It computes the four reports of aging as of the day, and no list of now. A run
by hand is one of today.

A table that fails or falls below its quality threshold stops the marts that read it, and only
these. What may pass by itself, such as a server that restarts, is tried again for a quarter of an
hour.

The task `build` builds the models that are stale, with one dbt process: those of which rows, SQL or
settings have changed, and those that read the practice's day when it is another. The tasks behind
it say what became of each model: built, unchanged (skipped), waiting for a blocked table, or
failed. They never run dbt: to build again, clear `build`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, TaskGroup, TriggerRule, dag, get_current_context, task

from include.orchestration.deadlines import deadline
from include.orchestration.errors import task_errors
from include.orchestration.parsing import are_models_rendered
from include.orchestration.retries import retry_arguments
from include.orchestration.schedules import nightly
from include.orchestration.tiers import BUILD_SLOTS, BUILD_TIMEOUT, TIERS, TRANSFORM_POOL

PARAMETERS = {
    "mode": Param(
        "compare",
        enum=["compare", "full"],
        title="Mode",
        description="compare skips what has not changed; full compares every row.",
    ),
    "phase": Param(
        4,
        type="integer",
        minimum=1,
        maximum=4,
        title="Phase, up to and including",
        description="1 loads the critical tables only, 4 all tiers.",
    ),
    "tables": Param(
        [],
        type="array",
        items={"type": "string"},
        title="Tables (empty: all)",
        description="Names as the practice's database has them, one a line.",
    ),
    "dry_run": Param(
        False,
        type="boolean",
        title="Only show the plan",
        description="The log of the task plan shows it; nothing is changed.",
    ),
    "validate_after": Param(
        True,
        type="boolean",
        title="Validate what was loaded",
        description="When off, the marts are built on the verdicts of the run before.",
    ),
}
SETTINGS = {
    "pool": TIERS[0].tier.value,
    **retry_arguments(),
    "execution_timeout": timedelta(hours=1),
}


@task(show_return_value_in_logs=False)
def plan() -> dict[str, Any]:
    """Wait for the run before, decide about what is new or changed, and say what to load."""
    from include.orchestration import refresh
    from include.orchestration.connections import source_endpoint, warehouse_endpoint
    from include.orchestration.turns import wait_for_turn
    from include.planning import plan_refresh

    with task_errors():
        wait_for_turn()
        planned = plan_refresh(source_endpoint(), warehouse_endpoint(), refresh.request())
        return dict(planned.to_dict())


@task
def select(tier: str) -> list[str]:
    """Return the tier's tables, and the ranges of those that are split, the largest first."""
    from include.orchestration import refresh

    return refresh.planned_loads(tier)


@task(map_index_template="{{ table }}")
def load(table: str, tier: str) -> None:
    """Make one raw table, or one range of its key, equal to its source."""
    from include.engine import load_target
    from include.orchestration import refresh
    from include.orchestration.connections import source_endpoint, warehouse_endpoint

    get_current_context()["table"] = table  # type: ignore[typeddict-unknown-key]
    with task_errors():
        load_target(
            source_endpoint(),
            warehouse_endpoint(),
            run_id=refresh.run_id(),
            target=refresh.target(tier),
            mode=refresh.mode(),
        )


@task(trigger_rule=TriggerRule.ALL_DONE)
def settle() -> None:
    """Load what no task has loaded; compare tables whose sums must agree until they rest."""
    from include.engine import settle as settle_groups
    from include.orchestration import refresh
    from include.orchestration.connections import source_endpoint, warehouse_endpoint

    with task_errors():
        settled = settle_groups(
            source_endpoint(),
            warehouse_endpoint(),
            run_id=refresh.run_id(),
            planned=refresh.planned_tables(),
            mode=refresh.mode(),
        )
        refresh.retry_unsettled(settled)


@task(trigger_rule=TriggerRule.ALL_DONE)
def validate(tier: str) -> dict[str, str]:
    """Judge the tier's tables and set the gate that dbt asks; return the blocked tables."""
    from include.catalog.model import Tier
    from include.orchestration import refresh
    from include.orchestration.connections import warehouse_endpoint
    from include.validation import validate_tier

    refresh.skip_unasked_validation(tier)
    with task_errors():
        verdict = validate_tier(warehouse_endpoint(), run_id=refresh.run_id(), tier=Tier(tier))
        return dict(verdict.blocked)


@task(trigger_rule=TriggerRule.ALL_DONE)
def alert(tier: str) -> None:
    """Mail which of the tier's tables failed or are blocked, why, and where the logs are."""
    from include.orchestration.alerts import mail_failed_tier

    mail_failed_tier(tier)


@task(trigger_rule=TriggerRule.ALL_DONE)
def open_gate() -> None:
    """Let dbt start, unless the run is dry or a validation gave no verdict."""
    from include.orchestration import refresh

    refresh.refuse_unvalidated()


@task(pool=TRANSFORM_POOL, pool_slots=BUILD_SLOTS, execution_timeout=BUILD_TIMEOUT)
def build() -> None:
    """Build the models that are stale and need not wait; say what became of each."""
    from include.orchestration.building import build_models

    with task_errors():
        build_models()


@task(trigger_rule=TriggerRule.ALL_DONE)
def purge() -> dict[str, int]:
    """Take old tombstones away that every incremental model has seen; return how many by table."""
    from include.orchestration import refresh
    from include.orchestration.connections import warehouse_endpoint
    from include.retention import purge as purge_tombstones
    from include.settings import DBT_MANIFEST

    with task_errors():
        purged = purge_tombstones(
            warehouse_endpoint(), run_id=refresh.run_id(), manifest=DBT_MANIFEST
        )
        return {one.table: one.tombstones for one in purged}


@task(trigger_rule=TriggerRule.ALL_DONE)
def report() -> None:
    """Record freshness, marts and late tables; mail; fail the run when anything is not right."""
    from include.orchestration import refresh

    with task_errors():
        refresh.report()


@dag(
    dag_id="refresh_warehouse",
    doc_md=__doc__,
    schedule=nightly(),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=SETTINGS,
    params=PARAMETERS,
    deadline=deadline(),
    tags=["open_dental", "refresh"],
)
def refresh_warehouse() -> None:
    """Plan, load by tier, settle, validate by tier, build the marts, purge, report."""
    planned, settled, gate, built = plan(), settle(), open_gate(), build()
    purged, reported = purge(), report()

    loads = {}
    for tier in TIERS:
        with TaskGroup(tier.name, tooltip=f"Loads of the {tier.name} tables"):
            chosen = select.override(**tier.operator_arguments())(tier.name)
            loads[tier] = (
                load.override(**tier.operator_arguments())
                .partial(tier=tier.name)
                .expand(table=chosen)
            )
        planned >> chosen >> loads[tier] >> settled

    with TaskGroup("validate", tooltip="Reconciliation and Great Expectations, tier by tier"):
        verdicts = {
            tier: validate.override(task_id=tier.name, pool=tier.name)(tier.name) for tier in TIERS
        }
    with TaskGroup("alert", tooltip="One mail per tier with failed or blocked tables"):
        mails = {
            tier: alert.override(task_id=tier.name, pool=tier.name)(tier.name) for tier in TIERS
        }
    for tier in TIERS:
        settled >> verdicts[tier] >> [gate, mails[tier]]
        loads[tier] >> mails[tier] >> reported

    gate >> built >> purged >> reported
    gate >> purged
    if are_models_rendered():
        from include.orchestration.layers import render

        for group in render():
            built >> group >> purged


refresh_warehouse()
