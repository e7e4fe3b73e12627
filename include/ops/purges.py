"""What may be deleted for good, and what each run has: `ops.purge`, counts of `ops.table_state`."""

from __future__ import annotations

from dataclasses import dataclass

from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class TablePurge:
    """How many rows were deleted from one table: tombstones in raw, and rows of `ops.affected`.

    `kept` are tombstones that are old enough, but which the models in `waiting_for` have not read.
    """

    table: str
    tombstones: int = 0
    affected: int = 0
    kept: int = 0
    waiting_for: tuple[str, ...] = ()


def tables_with_tombstones(connection: WarehouseConnection) -> list[str]:
    """Return the loaded tables that hold tombstones, in the order of their names."""
    return [
        name
        for (name,) in connection.execute(
            """
            select table_name from ops.table_state
            where state = 'loaded' and deleted_count > 0
            order by table_name
            """
        )
    ]


def record_purged(connection: WarehouseConnection, raw_name: str, tombstones: int) -> None:
    """Subtract tombstones that were deleted for good from the table's count."""
    connection.execute(
        "update ops.table_state set deleted_count = deleted_count - %s where table_name = %s",
        (tombstones, raw_name),
    )


def record_purge(connection: WarehouseConnection, run_id: int, purged: TablePurge) -> None:
    """Add to what the run has deleted from the table; the caller commits."""
    connection.execute(
        """
        insert into ops.purge as p (run_id, table_name, tombstones, affected, kept, waiting_for)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (run_id, table_name) do update set
            tombstones = p.tombstones + excluded.tombstones,
            affected = p.affected + excluded.affected,
            kept = excluded.kept,
            waiting_for = excluded.waiting_for,
            purged_at = now()
        """,
        (
            run_id,
            purged.table,
            purged.tombstones,
            purged.affected,
            purged.kept,
            list(purged.waiting_for),
        ),
    )
