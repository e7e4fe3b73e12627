"""What each run has deleted for good: `ops.purge`."""

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
