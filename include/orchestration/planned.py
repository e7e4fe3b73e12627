"""What the planning task of the present run returned, for the tasks behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import get_current_context

from include.catalog.targets import LoadTarget, targets_of


def plan_of_run() -> Mapping[str, Any] | None:
    """Return what the planning task of this run returned; None when it failed."""
    return get_current_context()["ti"].xcom_pull(task_ids="plan") or None


def targets(plan: Mapping[str, Any], tier: str) -> list[LoadTarget]:
    """Return what the tier's tasks load, in the order of their map indexes."""
    return list(targets_of(plan["tiers"].get(tier, ()), plan["splits"]))
