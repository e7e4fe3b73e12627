"""What a load writes about itself into `ops`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from include.catalog.model import TableConfig
from include.engine.batch import Batch
from include.engine.movement import Movement, TableLoad
from include.warehouse.session import WarehouseConnection

NOT_VALIDATED = "not validated since it was loaded"
LOAD_FAILED = "load failed"
STILL_LOADING = "a load is under way or was interrupted"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which load of which run this is. A repeat belongs to settling, not to a retry.

    `in_ranges` says that the run loads the table in ranges of its key.
    """

    run_id: int
    table: TableConfig
    is_repeat: bool = False
    in_ranges: bool = False


def record_start(connection: WarehouseConnection, attempt: Attempt) -> Batch:
    """Take the next batch and open the table's row of the run; the caller holds the table's lock.

    A retry keeps what earlier attempts committed. Whoever still wanted to load ranges of the table
    is told not to.
    """
    row = connection.execute(
        "with superseded as (update ops.load_range set state = 'superseded' "
        "where table_name = %(table)s and state in ('planned', 'open', 'loaded') "
        "and not (run_id = %(run)s and %(ranges)s)) "
        "insert into ops.table_load (run_id, table_name, tier, state, batch_id) "
        "values (%(run)s, %(table)s, %(tier)s, 'running', nextval('ops.batch_id')) "
        "on conflict (run_id, table_name) do update set state = 'running', error = null, "
        "batch_id = excluded.batch_id, finished_at = null, "
        "attempt = ops.table_load.attempt + (not %(repeat)s)::integer, "
        "started_at = case when %(repeat)s then ops.table_load.started_at else now() end "
        "returning batch_id, clock_timestamp()",
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


def record_movement(connection: WarehouseConnection, attempt: Attempt, moved: Movement) -> None:
    """Add to the run's counts, in the transaction that moved the rows."""
    connection.execute(
        "update ops.table_load set inserted = inserted + %s, changed = changed + %s, "
        "undeleted = undeleted + %s, deleted = deleted + %s "
        "where run_id = %s and table_name = %s",
        (
            moved.inserted,
            moved.changed,
            moved.undeleted,
            moved.deleted,
            attempt.run_id,
            attempt.table.raw_name,
        ),
    )


def record_partial(connection: WarehouseConnection, attempt: Attempt) -> None:
    """Close the gate in the transaction that commits a part of a load."""
    connection.execute(
        "update ops.table_state set state = 'loading', is_publishable = false, "
        "blocked_reason = %s, last_run_id = %s where table_name = %s",
        (STILL_LOADING, attempt.run_id, attempt.table.raw_name),
    )


def record_success(
    connection: WarehouseConnection,
    attempt: Attempt,
    load: TableLoad,
    batch: Batch,
    *,
    pending: Movement,
    substitutions: Mapping[tuple[str, str], int],
    counts: tuple[int, int] | None,
) -> None:
    """Close the table's row of the run, set its state, and count its substitutions.

    One statement, because small tables feel each. A load that moved nothing has no batch. A table
    that was publishable stays so until validation says otherwise; one that was blocked because its
    load failed or never happened waits for validation. `pending` is added to the run's counts, and
    `counts` says how many raw rows live and how many are tombstones, where that is new. The
    substitutions are those over all rows held now; a rule that no longer strikes has no row.
    """
    names = sorted(substitutions)
    connection.execute(
        "with load as ("
        "update ops.table_load set state = 'succeeded', rows_read = %(rows)s, "
        "bytes_read = %(bytes)s, chunks_read = %(chunks)s, chunks_changed = %(chunks_changed)s, "
        "inserted = inserted + %(inserted)s, changed = changed + %(changed)s, "
        "undeleted = undeleted + %(undeleted)s, deleted = deleted + %(deleted)s, "
        "finished_at = clock_timestamp() where run_id = %(run)s and table_name = %(table)s"
        "), state as ("
        "update ops.table_state set state = 'loaded', "
        "blocked_reason = case when is_publishable then null "
        "when state = 'loaded' and blocked_reason not like %(failed)s then blocked_reason "
        "else %(waiting)s end, "
        "row_count = coalesce(%(alive)s, row_count), "
        "deleted_count = coalesce(%(tombstones)s, deleted_count), "
        # An interrupted load has committed rows that no finished one names.
        "batch_id = coalesce(%(batch)s, case when state = 'loading' then %(own)s end, batch_id), "
        "changed_at = coalesce(%(changed_at)s, "
        "case when state = 'loading' then %(now)s end, changed_at), "
        "fingerprint = %(fingerprint)s, last_run_id = %(run)s, loaded_at = clock_timestamp(), "
        "config_version = (select config_version from ops.run where run_id = %(run)s) "
        "where table_name = %(table)s"
        "), now as ("
        "select * from unnest(%(columns)s::text[], %(rules)s::text[], %(counts)s::bigint[]) "
        "as n (column_name, rule, value_count)"
        "), gone as ("
        "delete from ops.substitution s where run_id = %(run)s and table_name = %(table)s "
        "and not exists (select from now n where (n.column_name, n.rule) = (s.column_name, s.rule))"
        ") insert into ops.substitution (table_name, column_name, rule, value_count, run_id) "
        "select %(table)s, column_name, rule, value_count, %(run)s from now "
        "on conflict (table_name, column_name, rule, run_id) do update "
        "set value_count = excluded.value_count, counted_at = now()",
        {
            "rows": load.rows_read,
            "bytes": load.bytes_read,
            "chunks": load.chunks_read,
            "chunks_changed": load.chunks_changed,
            **asdict(pending),
            "run": attempt.run_id,
            "table": attempt.table.raw_name,
            "failed": LOAD_FAILED + "%",
            "waiting": NOT_VALIDATED,
            "batch": batch.batch_id if load.moved else None,
            "changed_at": batch.loaded_at if load.moved else None,
            "alive": counts[0] if counts else None,
            "tombstones": counts[1] if counts else None,
            "own": batch.batch_id,
            "now": batch.loaded_at,
            "fingerprint": attempt.table.fingerprint,
            "columns": [column for column, _ in names],
            "rules": [rule for _, rule in names],
            "counts": [substitutions[name] for name in names],
        },
    )


def record_failure(connection: WarehouseConnection, attempt: Attempt, reason: str) -> None:
    """Mark the load failed and close the gate, so that readers keep their rows."""
    connection.execute(
        "update ops.table_load set state = 'failed', error = %s, finished_at = clock_timestamp() "
        "where run_id = %s and table_name = %s",
        (reason, attempt.run_id, attempt.table.raw_name),
    )
    connection.execute(
        "update ops.table_state set is_publishable = false, blocked_reason = %s, "
        "last_run_id = %s where table_name = %s",
        (f"{LOAD_FAILED}: {reason}", attempt.run_id, attempt.table.raw_name),
    )
