"""What a load writes about itself into `ops`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.engine.batch import Batch
from include.engine.movement import Movement, TableLoad
from include.warehouse.session import WarehouseConnection

NOT_VALIDATED = "not validated since it was loaded"
LOAD_FAILED = "load failed"
STILL_LOADING = "a load is under way or was interrupted"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which load of which run this is. A repeat belongs to settling, not to a retry."""

    run_id: int
    table: TableConfig
    is_repeat: bool = False


def record_start(connection: WarehouseConnection, attempt: Attempt, batch: Batch) -> None:
    """Open the table's row of the run; a retry keeps what earlier attempts committed."""
    connection.execute(
        "insert into ops.table_load (run_id, table_name, tier, state, batch_id) "
        "values (%(run)s, %(table)s, %(tier)s, 'running', %(batch)s) "
        "on conflict (run_id, table_name) do update set state = 'running', error = null, "
        "batch_id = excluded.batch_id, finished_at = null, "
        "attempt = ops.table_load.attempt + (not %(repeat)s)::integer, "
        "started_at = case when %(repeat)s then ops.table_load.started_at else now() end",
        {
            "run": attempt.run_id,
            "table": attempt.table.raw_name,
            "tier": attempt.table.tier.value,
            "batch": batch.batch_id,
            "repeat": attempt.is_repeat,
        },
    )


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
    connection: WarehouseConnection, attempt: Attempt, load: TableLoad, batch: Batch
) -> None:
    """Close the table's row of the run and set its state; a load that moved nothing has no batch.

    A table that was publishable stays so until validation says otherwise; one that was blocked
    because its load failed or never happened waits for validation.
    """
    connection.execute(
        "update ops.table_load set state = 'succeeded', rows_read = %s, bytes_read = %s, "
        "chunks_read = %s, chunks_changed = %s, finished_at = clock_timestamp() "
        "where run_id = %s and table_name = %s",
        (
            load.rows_read,
            load.bytes_read,
            load.chunks_read,
            load.chunks_changed,
            attempt.run_id,
            attempt.table.raw_name,
        ),
    )
    connection.execute(
        "update ops.table_state set state = 'loaded', "
        "blocked_reason = case when is_publishable then null "
        "when state = 'loaded' and blocked_reason not like %(failed)s then blocked_reason "
        "else %(waiting)s end, "
        "batch_id = coalesce(%(batch)s, batch_id), "
        "changed_at = coalesce(%(changed_at)s, changed_at), "
        "fingerprint = %(fingerprint)s, last_run_id = %(run)s, loaded_at = clock_timestamp(), "
        "config_version = (select config_version from ops.run where run_id = %(run)s) "
        "where table_name = %(table)s",
        {
            "failed": LOAD_FAILED + "%",
            "waiting": NOT_VALIDATED,
            "batch": batch.batch_id if load.moved else None,
            "changed_at": batch.loaded_at if load.moved else None,
            "fingerprint": attempt.table.fingerprint,
            "run": attempt.run_id,
            "table": attempt.table.raw_name,
        },
    )


def record_counts(
    connection: WarehouseConnection, table: TableConfig, *, alive: int, deleted: int
) -> None:
    """Write down how many raw rows live and how many are tombstones."""
    connection.execute(
        "update ops.table_state set row_count = %s, deleted_count = %s where table_name = %s",
        (alive, deleted, table.raw_name),
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


def record_substitutions(
    connection: WarehouseConnection, attempt: Attempt, counts: Mapping[tuple[str, str], int]
) -> None:
    """Write the counts over all rows held now; a rule that no longer strikes gets no row."""
    connection.execute(
        "delete from ops.substitution where run_id = %s and table_name = %s",
        (attempt.run_id, attempt.table.raw_name),
    )
    rows: Sequence[tuple[object, ...]] = [
        (attempt.table.raw_name, column, rule, count, attempt.run_id)
        for (column, rule), count in sorted(counts.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.substitution (table_name, column_name, rule, value_count, run_id) "
            "values (%s, %s, %s, %s, %s)",
            rows,
        )
