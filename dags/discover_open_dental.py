"""Inspects the practice database and decides how every table is replicated.

For each table: key, types, tier, chunk size, quality threshold, protected columns. Runs weekly, on
demand, and when a refresh sees that the source has changed its shape.

- **Reads** `information_schema` and counts of the practice database (connection `open_dental`),
  and `overrides.yml`.
- **Writes** `ops.table_profile`, `ops.config` (connection `warehouse`) and `tables.yml`.
- **Run again** at any time: without a change in the source the decisions stay byte for byte.
- **A failure** leaves the config of before in force, and refreshes go on with it; the mail says
  what to do.

When tables come out of quarantine, the last task starts `refresh_warehouse` for exactly these.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import Asset, TriggerRule, dag, task

from include.orchestration.deadlines import deadline
from include.orchestration.errors import task_errors
from include.orchestration.requests import RequestRefresh
from include.orchestration.schedules import weekly
from include.orchestration.tiers import RETRIES, RETRY_DELAY, TIERS

CONFIG = Asset("open_dental_config", uri="dental://warehouse/ops/config")
SETTINGS = {
    "pool": TIERS[0].tier.value,
    "retries": RETRIES,
    "retry_delay": RETRY_DELAY,
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
    """Discover, then start what waited for it."""

    @task(outlets=[CONFIG])
    def discover() -> list[str]:
        """Measure, decide and write the config; return the tables that left quarantine."""
        from include import settings
        from include.discovery import discover as run_discovery
        from include.orchestration.connections import source_endpoint, warehouse_endpoint

        with task_errors():
            found = run_discovery(
                source_endpoint(),
                warehouse_endpoint(),
                config_directory=settings.config_directory(),
            )
            return sorted(found.released)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def alert() -> None:
        """Mail when the discovery failed, and fail the run with it."""
        from include.orchestration.alerts import fail_if_a_task_failed

        fail_if_a_task_failed()

    discovered = discover()
    refresh = RequestRefresh(task_id="refresh_released", discover_task_id="discover")
    discovered >> refresh
    [discovered, refresh] >> alert()


discover_open_dental()
