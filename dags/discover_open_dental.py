"""Inspects the practice database and decides how every table is replicated.

For each table: key, types, tier, chunk size, quality threshold, protected columns. Runs weekly and
on demand. A refresh decides by itself about tables that are new, changed or in quarantine.

- **Reads** `information_schema` and counts of the practice database (connection `open_dental`),
  and `overrides.yml`.
- **Writes** `ops.table_profile`, `ops.config` (connection `warehouse`) and `tables.yml`.
- **Run again** at any time: without a change in the source the decisions stay byte for byte.
- **A failure** leaves the config of before in force, and refreshes go on with it; the mail says
  what to do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import Asset, TriggerRule, dag, task

from include.orchestration.deadlines import deadline
from include.orchestration.errors import task_errors
from include.orchestration.retries import retry_arguments
from include.orchestration.schedules import weekly
from include.orchestration.tiers import TIERS

CONFIG = Asset("open_dental_config", uri="dental://warehouse/ops/config")
SETTINGS = {
    "pool": TIERS[0].tier.value,
    **retry_arguments(),
    "execution_timeout": timedelta(hours=1),
}


@dag(
    dag_id="discover_open_dental",
    doc_md=__doc__,
    schedule=weekly(),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=SETTINGS,
    deadline=deadline(),
    tags=["open_dental", "discovery"],
)
def discover_open_dental() -> None:
    """Discover, and mail when that failed."""

    @task(outlets=[CONFIG])
    def discover() -> None:
        """Measure, decide and write the config."""
        from include import settings
        from include.discovery import discover as run_discovery
        from include.orchestration.connections import source_endpoint, warehouse_endpoint

        with task_errors():
            run_discovery(
                source_endpoint(),
                warehouse_endpoint(),
                config_directory=settings.config_directory(),
            )

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def alert() -> None:
        """Mail when the discovery failed, and fail the run with it."""
        from include.orchestration.alerts import fail_if_a_task_failed

        fail_if_a_task_failed()

    discover() >> alert()


discover_open_dental()
