"""Tables that ended later than their service level: `ops.sla_misses`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class SlaMiss:
    """A table whose load ended late, `minutes` after the run's start; None if it has not ended."""

    table: str
    tier: str
    sla_minutes: float
    minutes: float | None


def replace_misses(connection: WarehouseConnection, run_id: int, misses: Iterable[SlaMiss]) -> None:
    """Replace the run's misses; the caller commits."""
    with connection.cursor() as cursor:
        cursor.execute("delete from ops.sla_misses where run_id = %s", (run_id,))
        cursor.executemany(
            """
            insert into ops.sla_misses (run_id, table_name, tier, sla_minutes, minutes)
            values (%s, %s, %s, %s, %s)
            """,
            [(run_id, miss.table, miss.tier, miss.sla_minutes, miss.minutes) for miss in misses],
        )
