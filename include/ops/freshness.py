"""How fresh the rows of each table are, from `ops.table_state`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a load last compared the table with its source, and when one last changed a row."""

    row_count: int
    loaded_at: datetime
    changed_at: datetime | None
    quality: float | None


def read_freshness(connection: WarehouseConnection) -> dict[str, Freshness]:
    """Return the freshness of every table that was ever loaded, in the order of their names."""
    return {
        name: Freshness(*facts)
        for name, *facts in connection.execute(
            """
            select table_name, row_count, loaded_at, changed_at, quality
            from ops.table_state
            where loaded_at is not null
            order by table_name
            """
        )
    }
