"""Exact reconciliation: what the engine read from the source against what `raw` holds.

The engine compares content chunk by chunk and records what it read; here the living rows of `raw`
are counted again, independently, and held against each of its records: equal or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from include.ops.loads import recorded_row_counts
from include.validation.rules import raw
from include.warehouse.session import WarehouseConnection

# The engine's records that are compared, by the names of their checks.
CHECK_NAMES = ("rows_read", "state_rows", "chunk_rows")


@dataclass(frozen=True, slots=True)
class Count:
    """One comparison: a number the engine recorded and the exact number of living rows."""

    check_name: str
    recorded: int
    living: int

    @property
    def is_equal(self) -> bool:
        """Whether both numbers are the same."""
        return self.recorded == self.living


def reconcile(
    connection: WarehouseConnection, tables: Sequence[str]
) -> Mapping[str, tuple[Count, ...]]:
    """Count the living rows of each raw table and compare them with those of its last good load.

    Each table must have one, and none may be under way (`include.sessions.locks.tables_at_rest`).
    """
    recorded = {
        name: dict(zip(CHECK_NAMES, numbers, strict=True))
        for name, numbers in recorded_row_counts(connection, tables).items()
    }
    counts: dict[str, tuple[Count, ...]] = {}
    for table in tables:
        living = _count_living(connection, table)
        counts[table] = tuple(
            Count(check, int(number), living)
            for check, number in recorded[table].items()
            if number is not None
        )
    return counts


def living_rows(counts: Sequence[Count]) -> int:
    """Return the exact number of living rows that the comparisons of a table share."""
    return counts[0].living


def _count_living(connection: WarehouseConnection, table: str) -> int:
    row = connection.execute(
        sql.SQL("select count(*) from {} where _deleted_at is null").format(raw(table))
    ).fetchone()
    return int(row[0]) if row else 0
