"""The ranges of a table's key that one run loads in parallel: `ops.load_range`.

A range is planned, then open, then loaded. When all are loaded, the table is completed, and they
are finished. A load of the whole table, or by another run, supersedes ranges that are not finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from include.errors import ConfigError
from include.ops.load_results import Attempt, Batch
from include.source.keys import KeyRange
from include.warehouse.session import WarehouseConnection


class RangeState(StrEnum):
    """How far a range has got."""

    PLANNED = "planned"
    OPEN = "open"
    LOADED = "loaded"
    FINISHED = "finished"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class LoadRange:
    """One range, its state, and whether an attempt found rows that an earlier one had committed."""

    number: int
    bounds: KeyRange
    state: RangeState
    was_resumed: bool


@dataclass(frozen=True, slots=True)
class RangeTotals:
    """The sums over all ranges of a table; `was_resumed` is true if it is for one of them."""

    bytes_read: int
    chunks_changed: int
    was_resumed: bool


def store_ranges(
    connection: WarehouseConnection, run_id: int, raw_name: str, ranges: Sequence[KeyRange]
) -> None:
    """Store the ranges of a table, numbered from 1, in place of those that the run had planned.

    Runs in a transaction of its own.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "delete from ops.load_range where run_id = %s and table_name = %s", (run_id, raw_name)
        )
        cursor.executemany(
            """
            insert into ops.load_range (run_id, table_name, range_number, lo, hi)
            values (%s, %s, %s, %s, %s)
            """,
            [
                (run_id, raw_name, number, *(side[0] if side else None for side in (r.lo, r.hi)))
                for number, r in enumerate(ranges, start=1)
            ],
        )


class LoadRanges:
    """The ranges of one table in one run. Each method takes a connection; the caller commits."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._names = (attempt.run_id, attempt.table.raw_name)

    def read(self, connection: WarehouseConnection) -> list[LoadRange]:
        """Return the ranges in key order. Raises ConfigError when the run has planned none."""
        rows = connection.execute(
            """
            select range_number, lo, hi, state, was_resumed
            from ops.load_range
            where run_id = %s and table_name = %s
            order by range_number
            """,
            self._names,
        ).fetchall()
        if not rows:
            raise ConfigError(
                f"run {self._attempt.run_id} has no ranges of this table in ops.load_range. "
                "Nothing was read or written. Start a new refresh.",
                where=f"table {self._attempt.table.name}",
            )
        return [
            LoadRange(
                number,
                KeyRange(*((side,) if side else None for side in (lo, hi))),
                RangeState(state),
                was_resumed,
            )
            for number, lo, hi, state, was_resumed in rows
        ]

    def states(self, connection: WarehouseConnection) -> set[RangeState]:
        """Return the states that any of the ranges has."""
        return {one.state for one in self.read(connection)}

    def open(self, connection: WarehouseConnection) -> None:
        """Mark all ranges as open: they may be loaded."""
        self._set_all(connection, RangeState.OPEN)

    def finish(self, connection: WarehouseConnection) -> None:
        """Mark all ranges as finished: the table is complete."""
        self._set_all(connection, RangeState.FINISHED)

    def begin(self, connection: WarehouseConnection, number: int, *, is_resumed: bool) -> Batch:
        """Count an attempt at one range, and return the batch that its rows get.

        Every range has a batch of its own, because transactions that insert the same row into
        `ops.affected` would wait for each other.
        """
        row = connection.execute(
            """
            update ops.load_range set
                attempt = attempt + 1,
                error = null,
                was_resumed = was_resumed or %s,
                started_at = clock_timestamp(),
                finished_at = null
            where run_id = %s and table_name = %s and range_number = %s
            returning nextval('ops.batch_id'), clock_timestamp()
            """,
            (is_resumed, *self._names, number),
        ).fetchone()
        if row is None:
            raise RuntimeError("the update returned no row")
        return Batch(int(row[0]), row[1])

    def record_loaded(
        self,
        connection: WarehouseConnection,
        number: int,
        *,
        bytes_read: int,
        chunks_read: int,
        chunks_changed: int,
    ) -> None:
        """Mark one range as loaded, in the transaction that commits its last rows."""
        connection.execute(
            """
            update ops.load_range set
                state = 'loaded',
                bytes_read = %s,
                chunks_read = %s,
                chunks_changed = %s,
                finished_at = clock_timestamp()
            where run_id = %s and table_name = %s and range_number = %s
            """,
            (bytes_read, chunks_read, chunks_changed, *self._names, number),
        )

    def record_failure(self, connection: WarehouseConnection, number: int, reason: str) -> None:
        """Record why one range could not be loaded; it stays open."""
        connection.execute(
            """
            update ops.load_range set error = %s, finished_at = clock_timestamp()
            where run_id = %s and table_name = %s and range_number = %s
            """,
            (reason, *self._names, number),
        )

    def totals(self, connection: WarehouseConnection) -> RangeTotals:
        """Return the sums over all ranges."""
        row = connection.execute(
            """
            select sum(bytes_read)::bigint, sum(chunks_changed)::bigint, bool_or(was_resumed)
            from ops.load_range
            where run_id = %s and table_name = %s
            """,
            self._names,
        ).fetchone()
        if row is None:
            raise RuntimeError("the sum returned no row")
        return RangeTotals(*row)

    def _set_all(self, connection: WarehouseConnection, state: RangeState) -> None:
        connection.execute(
            "update ops.load_range set state = %s where run_id = %s and table_name = %s",
            (state, *self._names),
        )
