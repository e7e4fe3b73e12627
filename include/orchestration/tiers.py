"""How Airflow treats the tables of each tier: pool, priority, retries and time limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from include.catalog.model import Tier
from include.orchestration.retries import retry_arguments

TRANSFORM_POOL = "transform"
# A build takes the whole pool: it keeps two cores busy by itself.
BUILD_SLOTS = 2
BUILD_TIMEOUT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class TierTasks:
    """The settings of the tasks that load one tier. Priorities are absolute: higher runs first."""

    tier: Tier
    priority: int
    execution_timeout: timedelta

    @property
    def name(self) -> str:
        """The tier's name, which is also its pool's."""
        return self.tier.value

    def operator_arguments(self) -> dict[str, Any]:
        """Return what `.override()` of the tier's tasks takes."""
        return {
            "pool": self.name,
            "priority_weight": self.priority,
            "weight_rule": "absolute",
            **retry_arguments(),
            "execution_timeout": self.execution_timeout,
        }


TIERS = (
    TierTasks(Tier.CRITICAL, priority=400, execution_timeout=timedelta(hours=4)),
    TierTasks(Tier.IMPORTANT, priority=300, execution_timeout=timedelta(hours=4)),
    # Audit logs can be the largest tables of all; they are read last and may take the night.
    TierTasks(Tier.AUDIT, priority=200, execution_timeout=timedelta(hours=6)),
    TierTasks(Tier.REFERENCE, priority=100, execution_timeout=timedelta(hours=1)),
)
