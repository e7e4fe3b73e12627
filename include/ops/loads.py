"""The loads of a run: `ops.table_load`, one row per table and run.

A retry takes over the row of its run and adds to its counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import LiteralString

from include.ops import substitutions, table_states
from include.ops.blocks import NOT_VALIDATED
from include.ops.load_results import Attempt, Batch, RowCounts, TableLoad
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class RunTotals:
    """What all loads of a run did together; the numbers are rows, except `tables`."""

    tables: int = 0
    rows_read: int = 0
    inserted: int = 0
    changed: int = 0
    undeleted: int = 0
    deleted: int = 0

    @property
    def moved(self) -> int:
        """How many rows of `raw` were written."""
        return self.inserted + self.changed + self.undeleted + self.deleted


@dataclass(frozen=True, slots=True)
class LoadEnd:
    """When a table's load in a run ended; None while it runs."""

    table: str
    tier: str
    finished_at: datetime | None


def next_batch_id(connection: WarehouseConnection) -> int:
    """Return a batch id for rows that are written outside of a load."""
    row = connection.execute("select nextval('ops.batch_id')").fetchone()
    if row is None:
        raise RuntimeError("the sequence returned no row")
    return int(row[0])


def record_start(connection: WarehouseConnection, attempt: Attempt) -> Batch:
    """Take the next batch and open the table's row of the run; the caller holds the table's lock.

    Ranges of the table that other runs have not finished are superseded, and with a load of the
    whole table also this run's. `connection` is in autocommit.
    """
    row = connection.execute(
        """
        with superseded as (
            update ops.load_range set state = 'superseded'
            where table_name = %(table)s and state in ('planned', 'open', 'loaded')
                and not (run_id = %(run)s and %(ranges)s)
        )
        insert into ops.table_load as l (run_id, table_name, tier, state, batch_id)
        values (%(run)s, %(table)s, %(tier)s, 'running', nextval('ops.batch_id'))
        on conflict (run_id, table_name) do update set
            state = 'running',
            error = null,
            batch_id = excluded.batch_id,
            finished_at = null,
            attempt = l.attempt + (not %(repeat)s)::integer,
            started_at = case when %(repeat)s then l.started_at else now() end
        returning batch_id, clock_timestamp()
        """,
        {
            "run": attempt.run_id,
            "table": attempt.table.raw_name,
            "tier": attempt.table.tier.value,
            "repeat": attempt.is_repeat,
            "ranges": attempt.in_ranges,
        },
    ).fetchone()
    if row is None:
        raise RuntimeError("the insert returned no row")
    return Batch(int(row[0]), row[1])


def begin_completion(connection: WarehouseConnection, attempt: Attempt) -> Batch:
    """Take the batch in which a table that was loaded in ranges is completed."""
    row = connection.execute(
        """
        update ops.table_load set
            state = 'running', error = null, batch_id = nextval('ops.batch_id')
        where run_id = %s and table_name = %s
        returning batch_id, clock_timestamp()
        """,
        (attempt.run_id, attempt.table.raw_name),
    ).fetchone()
    if row is None:
        raise RuntimeError("the run has no record of this load")
    return Batch(int(row[0]), row[1])


def record_row_counts(connection: WarehouseConnection, attempt: Attempt, rows: RowCounts) -> None:
    """Add to the run's counts, in the transaction that wrote the rows."""
    connection.execute(
        """
        update ops.table_load set
            inserted = inserted + %s,
            changed = changed + %s,
            undeleted = undeleted + %s,
            deleted = deleted + %s
        where run_id = %s and table_name = %s
        """,
        (
            rows.inserted,
            rows.changed,
            rows.undeleted,
            rows.deleted,
            attempt.run_id,
            attempt.table.raw_name,
        ),
    )


def read_row_counts(connection: WarehouseConnection, attempt: Attempt) -> RowCounts:
    """Return how many rows of the table the run has written and committed so far."""
    row = connection.execute(
        """
        select inserted, changed, undeleted, deleted
        from ops.table_load
        where run_id = %s and table_name = %s
        """,
        (attempt.run_id, attempt.table.raw_name),
    ).fetchone()
    return RowCounts(*row) if row else RowCounts()


_SUCCEEDED: LiteralString = """
    update ops.table_load set
        state = 'succeeded',
        rows_read = %(rows)s,
        bytes_read = %(bytes)s,
        chunks_read = %(chunks)s,
        chunks_changed = %(chunks_changed)s,
        inserted = inserted + %(inserted)s,
        changed = changed + %(changed)s,
        undeleted = undeleted + %(undeleted)s,
        deleted = deleted + %(deleted)s,
        finished_at = clock_timestamp()
    where run_id = %(run)s and table_name = %(table)s
"""
# The end of a load is one statement, because each round trip counts for small tables.
_RECORD_SUCCESS: LiteralString = f"""
    with load as ({_SUCCEEDED}),
    state as ({table_states.LOADED}),
    now as ({substitutions.HELD_NOW}),
    gone as ({substitutions.HELD_NO_MORE})
    {substitutions.RECORD}
"""


def record_success(
    connection: WarehouseConnection,
    attempt: Attempt,
    load: TableLoad,
    batch: Batch,
    *,
    uncounted: RowCounts,
    substituted: Mapping[tuple[str, str], int],
    row_counts: tuple[int, int] | None,
) -> None:
    """Close the table's row of the run, set its state, and record its substitutions.

    A load that wrote nothing leaves the table's batch as it was. A table that was publishable stays
    so until validation closes its gate; one whose load had failed or never happened waits for
    validation. `uncounted` is added to the run's counts. `row_counts` are the living rows and the
    tombstones of raw; None if they are the recorded ones. `substituted` has the number of
    substituted values among all present rows, by column and rule; the run's records of other rules
    are deleted. Works in the caller's transaction, if there is one.
    """
    names = sorted(substituted)
    has_written = bool(load.moved)
    connection.execute(
        _RECORD_SUCCESS,
        {
            "rows": load.rows_read,
            "bytes": load.bytes_read,
            "chunks": load.chunks_read,
            "chunks_changed": load.chunks_changed,
            **asdict(uncounted),
            "run": attempt.run_id,
            "table": attempt.table.raw_name,
            "waiting_code": NOT_VALIDATED.code,
            "waiting_reason": NOT_VALIDATED.reason,
            "batch": batch.batch_id if has_written else None,
            "changed_at": batch.loaded_at if has_written else None,
            "alive": row_counts[0] if row_counts else None,
            "tombstones": row_counts[1] if row_counts else None,
            "own": batch.batch_id,
            "now": batch.loaded_at,
            "fingerprint": attempt.table.fingerprint,
            "columns": [column for column, _ in names],
            "rules": [rule for _, rule in names],
            "counts": [substituted[name] for name in names],
        },
    )


def record_failure(connection: WarehouseConnection, attempt: Attempt, reason: str) -> None:
    """Mark the load as failed and close the table's gate: marts keep the rows of their last build.

    `connection` is in autocommit.
    """
    connection.execute(
        """
        update ops.table_load set state = 'failed', error = %s, finished_at = clock_timestamp()
        where run_id = %s and table_name = %s
        """,
        (reason, attempt.run_id, attempt.table.raw_name),
    )
    table_states.fail_loading(connection, attempt.table.raw_name, reason, run_id=attempt.run_id)


def record_given_up(connection: WarehouseConnection, attempt: Attempt, reason: str) -> None:
    """Record why the run did not load a table that another run has taken over.

    The table's state and gate belong to that run, and stay.
    """
    connection.execute(
        """
        update ops.table_load set state = 'failed', error = %s, finished_at = clock_timestamp()
        where run_id = %s and table_name = %s and state <> 'succeeded'
        """,
        (reason, attempt.run_id, attempt.table.raw_name),
    )


def loaded_tables(connection: WarehouseConnection, run_id: int) -> frozenset[str]:
    """Return the tables that a run has loaded, by their names in raw.

    Those whose repeated load failed since are among them.
    """
    return frozenset(
        name
        for (name,) in connection.execute(
            """
            select table_name
            from ops.table_load
            where run_id = %s and (state = 'succeeded' or (state = 'failed' and chunks_read > 0))
            """,
            (run_id,),
        )
    )


def ended_tables(connection: WarehouseConnection, run_id: int) -> frozenset[str]:
    """Return the tables whose load in a run ended, well or not, by their names in raw."""
    return frozenset(
        name
        for (name,) in connection.execute(
            "select table_name from ops.table_load where run_id = %s and state <> 'running'",
            (run_id,),
        )
    )


def load_errors(
    connection: WarehouseConnection, run_id: int, raw_names: Sequence[str]
) -> dict[str, str | None]:
    """Return which of these tables a run began but did not load, with the recorded reasons."""
    return dict(
        connection.execute(
            """
            select table_name, error
            from ops.table_load
            where run_id = %s and table_name = any(%s) and state <> 'succeeded'
            """,
            (run_id, list(raw_names)),
        ).fetchall()
    )


def recorded_row_counts(
    connection: WarehouseConnection, raw_names: Sequence[str]
) -> dict[str, tuple[int | None, ...]]:
    """Return three row counts per loaded table: read by its load, in its state, and in its chunks.

    The load is the last good one, whichever run did it. The engine has recorded all three, so they
    must agree.
    """
    return {
        name: tuple(numbers)
        for name, *numbers in connection.execute(
            """
            select
                load.table_name,
                load.rows_read,
                state.row_count,
                (
                    select sum(chunk.row_count)
                    from ops.chunk
                    where chunk.table_name = load.table_name
                )
            from (
                select distinct on (table_name) table_name, rows_read
                from ops.table_load
                where table_name = any(%s) and state = 'succeeded'
                order by table_name asc, finished_at desc
            ) as load
            join ops.table_state as state using (table_name)
            """,
            (list(raw_names),),
        )
    }


def run_totals(connection: WarehouseConnection, run_id: int) -> RunTotals:
    """Return what all loads of a run did together."""
    row = connection.execute(
        """
        select
            count(*),
            coalesce(sum(rows_read), 0),
            coalesce(sum(inserted), 0),
            coalesce(sum(changed), 0),
            coalesce(sum(undeleted), 0),
            coalesce(sum(deleted), 0)
        from ops.table_load
        where run_id = %s
        """,
        (run_id,),
    ).fetchone()
    return RunTotals(*map(int, row)) if row else RunTotals()


def load_ends(connection: WarehouseConnection, run_id: int) -> tuple[LoadEnd, ...]:
    """Return when each load of a run ended, by table."""
    return tuple(
        LoadEnd(*row)
        for row in connection.execute(
            """
            select table_name, tier, finished_at
            from ops.table_load
            where run_id = %s
            order by table_name
            """,
            (run_id,),
        )
    )
