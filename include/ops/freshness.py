"""How fresh the rows of each table are, from `ops.table_state`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from include.ops.blocks import BlockedCode
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


def tables_held_since(connection: WarehouseConnection, moment: datetime) -> frozenset[str]:
    """Return the tables that a run which began since the moment has loaded, and whose load is good.

    It is when the table holds what was read and has its verdict, also where that closes its gate:
    reading the same rows once more would not open it.
    """
    found = connection.execute(
        """
        select state.table_name
        from ops.table_state as state
        join ops.run as run on run.run_id = state.last_run_id
        where state.state = 'loaded' and run.started_at >= %s
            and (state.is_publishable or state.blocked_code = any(%s))
        """,
        (moment, [BlockedCode.QUALITY, BlockedCode.NOT_JUDGED]),
    )
    return frozenset(name for (name,) in found)
