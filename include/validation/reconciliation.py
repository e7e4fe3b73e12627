"""Exact reconciliation: what the engine read from the source against what `raw` holds.

The engine compares content chunk by chunk and records what it read; the living rows of `raw` are
counted again, independently and in every run (`include.validation.contents`), and held here against
each of its records: equal or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.ops.loads import recorded_row_counts
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
    connection: WarehouseConnection, living: Mapping[str, int]
) -> Mapping[str, tuple[Count, ...]]:
    """Compare the living rows of each raw table with those that its last good load recorded.

    Each table must have one, and none may have been under way when they were counted
    (`include.sessions.locks.tables_at_rest`).
    """
    return {
        name: tuple(
            Count(check, int(number), living[name])
            for check, number in zip(CHECK_NAMES, numbers, strict=True)
            if number is not None
        )
        for name, numbers in recorded_row_counts(connection, list(living)).items()
    }
