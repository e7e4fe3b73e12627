"""The state of each replicated table, and its gate: `ops.table_state`.

Marts read a table only while its gate is open (`is_publishable`); `include.ops.blocks` has the
reasons for a closed one. Validation opens gates, and so does a plan that finds a table
empty on both sides.

| transition | to the state | gate |
|---|---|---|
| `create_raw_table` | never_loaded, where the raw table was missing | closed: never_loaded |
| `begin_loading` | loading | closed: loading |
| `LOADED`, in `loads.record_success` | loaded | as it is; not_validated if the table was not loaded or its load had failed |
| `fail_loading` | | closed: load_failed |
| `record_empty` | loaded | open |
| `begin_validation` | | closed: validating, if it was loaded since its last verdict |
| `close` | | closed: the code of the block |
| `judge` | | open, or closed: unequal, not_judged, quality |
| `start_over` | never_loaded, if the raw table was emptied | closed: rebuilt |
| `quarantine` | quarantined | closed: quarantined |
| `release` | loaded, loading or never_loaded, by what raw holds | closed: released |
| `forget_dropped` | loaded, or never_loaded | closed: dropped |
| `leave_out` | loaded or never_loaded, where it was quarantined | closed: left_out |

Every function works in the caller's transaction. Tables are named as in raw.
"""  # noqa: E501 - rows of a table

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import LiteralString

from include.catalog.model import TableConfig
from include.ops.absent_columns import WHOLE_TABLE
from include.ops.affected import record_all_affected
from include.ops.blocks import (
    DROPPED,
    LEFT_OUT,
    NEVER_LOADED,
    REBUILT,
    RELEASED,
    STILL_LOADING,
    Block,
    BlockedCode,
    load_failed,
)
from include.ops.chunks import forget_chunks
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection


class TableState(StrEnum):
    """What the raw table holds."""

    NEVER_LOADED = "never_loaded"
    # A load has committed batches and not ended: it is running, or the next load resumes it.
    LOADING = "loading"
    LOADED = "loaded"
    # The rows stay; nothing is loaded until a plan finds that the table can be loaded again.
    QUARANTINED = "quarantined"


def publishable_tables(connection: WarehouseConnection) -> frozenset[str]:
    """Return the tables whose gate is open, and those that the practice's release lacks.

    Of the latter the staging views are empty, as the tables would be.
    """
    query = """
        select table_name from ops.table_state where is_publishable
        union all
        select table_name
        from ops.absent_column
        where column_name = %s and table_name not in (select table_name from ops.table_state)
    """
    return frozenset(name for (name,) in connection.execute(query, (WHOLE_TABLE,)))


def newest_batches(connection: WarehouseConnection) -> dict[str, int]:
    """Return the load that last moved rows of each table; 0 for one that holds none."""
    query = "select table_name, coalesce(batch_id, 0) from ops.table_state"
    return {name: int(batch_id) for name, batch_id in connection.execute(query)}


def blocked_tables(connection: WarehouseConnection) -> dict[str, Block]:
    """Return the tables whose gate is closed, in the order of their names."""
    return {
        name: Block(BlockedCode(code), reason)
        for name, code, reason in connection.execute(
            """
            select table_name, blocked_code, blocked_reason
            from ops.table_state
            where not is_publishable
            order by table_name
            """
        )
    }


@dataclass(frozen=True, slots=True)
class LoadedAs:
    """A table's state, and the last batch that wrote rows into it."""

    state: TableState
    batch_id: int | None


def loaded_as(connection: WarehouseConnection) -> dict[str, LoadedAs]:
    """Return how far each table is loaded: as long as that is the same, no load has moved a row."""
    query = "select table_name, state, batch_id from ops.table_state"
    return {
        name: LoadedAs(TableState(state), batch) for name, state, batch in connection.execute(query)
    }


def create_raw_table(connection: WarehouseConnection, table: TableConfig) -> bool:
    """Create the raw table, empty and without keys, unless it exists; return whether it was made.

    A table that exists keeps its state.
    """
    is_new = raw_tables.create_table(connection, table)
    if is_new:
        forget_chunks(connection, table.raw_name)
    connection.execute(
        """
        insert into ops.table_state as s (table_name, fingerprint)
        values (%(table)s, %(fingerprint)s)
        on conflict (table_name) do update set
            state = 'never_loaded',
            is_publishable = false,
            blocked_code = %(code)s,
            blocked_reason = %(reason)s,
            row_count = 0,
            deleted_count = 0
        where %(is_new)s
        """,
        {
            "table": table.raw_name,
            "fingerprint": table.fingerprint,
            "code": NEVER_LOADED.code,
            "reason": NEVER_LOADED.reason,
            "is_new": is_new,
        },
    )
    return is_new


def begin_loading(connection: WarehouseConnection, raw_name: str, *, run_id: int) -> None:
    """Set the state to `loading` and close the gate, in the transaction that commits a batch."""
    connection.execute(
        """
        update ops.table_state set
            state = 'loading',
            is_publishable = false,
            blocked_code = %s,
            blocked_reason = %s,
            last_run_id = %s
        where table_name = %s
        """,
        (STILL_LOADING.code, STILL_LOADING.reason, run_id, raw_name),
    )


# A table that was publishable stays so until validation closes its gate. A load that moved nothing
# leaves the batch and the time of the last change, unless an interrupted load had committed rows:
# their batch was never recorded, so it takes its own.
LOADED: LiteralString = """
    update ops.table_state set
        state = 'loaded',
        blocked_code = case
            when is_publishable then null
            when state = 'loaded' and blocked_code <> 'load_failed' then blocked_code
            else %(waiting_code)s
        end,
        blocked_reason = case
            when is_publishable then null
            when state = 'loaded' and blocked_code <> 'load_failed' then blocked_reason
            else %(waiting_reason)s
        end,
        row_count = coalesce(%(alive)s, row_count),
        deleted_count = coalesce(%(tombstones)s, deleted_count),
        batch_id = coalesce(%(batch)s, case when state = 'loading' then %(own)s end, batch_id),
        changed_at = coalesce(
            %(changed_at)s, case when state = 'loading' then %(now)s end, changed_at
        ),
        fingerprint = %(fingerprint)s,
        last_run_id = %(run)s,
        loaded_at = clock_timestamp(),
        config_version = (select config_version from ops.run where run_id = %(run)s)
    where table_name = %(table)s
"""


def fail_loading(
    connection: WarehouseConnection, raw_name: str, reason: str, *, run_id: int
) -> None:
    """Close the gate of a table whose load failed; its rows and its state stay."""
    block = load_failed(reason)
    connection.execute(
        """
        update ops.table_state set
            is_publishable = false, blocked_code = %s, blocked_reason = %s, last_run_id = %s
        where table_name = %s
        """,
        (block.code, block.reason, run_id, raw_name),
    )


def record_empty(
    connection: WarehouseConnection,
    tables: Sequence[TableConfig],
    *,
    run_id: int,
    config_version: int,
) -> None:
    """Record that tables were found empty and equal to the source: loaded and publishable."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.table_state as s (
                table_name, state, is_publishable, blocked_code, blocked_reason, row_count,
                deleted_count, quality, config_version, fingerprint, last_run_id, loaded_at,
                validated_at
            )
            values (%s, 'loaded', true, null, null, 0, 0, 1, %s, %s, %s, now(), now())
            on conflict (table_name) do update set
                state = excluded.state,
                is_publishable = excluded.is_publishable,
                blocked_code = excluded.blocked_code,
                blocked_reason = excluded.blocked_reason,
                quality = excluded.quality,
                config_version = excluded.config_version,
                fingerprint = excluded.fingerprint,
                last_run_id = excluded.last_run_id,
                loaded_at = excluded.loaded_at,
                validated_at = excluded.validated_at
            """,
            [(table.raw_name, config_version, table.fingerprint, run_id) for table in tables],
        )


def begin_validation(
    connection: WarehouseConnection, raw_names: Iterable[str], *, run_id: int
) -> None:
    """Close the gates of tables that were loaded since their last verdict, until the next one.

    A table that another run has judged since its last load keeps its gate.
    """
    connection.execute(
        """
        update ops.table_state set
            is_publishable = false, blocked_code = %s, blocked_reason = %s
        where table_name = any(%s) and (validated_at is null or validated_at < loaded_at)
        """,
        (BlockedCode.VALIDATING, f"the validation of run {run_id} has not ended", [*raw_names]),
    )


def close(connection: WarehouseConnection, blocks: Mapping[str, Block]) -> None:
    """Close the gates of these tables; their states stay."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            update ops.table_state set
                is_publishable = false, blocked_code = %s, blocked_reason = %s
            where table_name = %s
            """,
            [(block.code, block.reason, name) for name, block in blocks.items()],
        )


def judge(
    connection: WarehouseConnection, verdicts: Mapping[str, tuple[Block | None, float | None]]
) -> None:
    """Open the gate of each table without a block, close the others, and record their quality.

    `verdicts` has the block and the quality of each table.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            update ops.table_state set
                is_publishable = %s,
                blocked_code = %s,
                blocked_reason = %s,
                quality = %s,
                validated_at = now()
            where table_name = %s
            """,
            [
                (block is None, block and block.code, block and block.reason, quality, name)
                for name, (block, quality) in verdicts.items()
            ],
        )


def start_over(
    connection: WarehouseConnection, raw_name: str, *, is_emptied: bool, batch_id: int
) -> None:
    """Close the gate of a table that was altered, and let its next load compare every row.

    `is_emptied` is true if its rows were deleted as well. Its readers are stale as of that batch.
    """
    forget_chunks(connection, raw_name)
    close(connection, {raw_name: REBUILT})
    record_altered(connection, raw_name, batch_id=batch_id)
    if is_emptied:
        connection.execute(
            """
            update ops.table_state set
                state = 'never_loaded', row_count = 0, deleted_count = 0
            where table_name = %s
            """,
            (raw_name,),
        )


def record_altered(connection: WarehouseConnection, raw_name: str, *, batch_id: int) -> None:
    """Record that something else than a load has changed rows of the table, under this batch."""
    connection.execute(
        "update ops.table_state set batch_id = %s, changed_at = now() where table_name = %s",
        (batch_id, raw_name),
    )
    record_all_affected(connection, raw_name, batch_id)


def quarantine(connection: WarehouseConnection, blocks: Mapping[str, Block]) -> None:
    """Quarantine these tables: nothing is loaded into them. A table without a state gets one."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.table_state (table_name, state, blocked_code, blocked_reason)
            values (%s, 'quarantined', %s, %s)
            on conflict (table_name) do update set
                state = excluded.state,
                is_publishable = false,
                blocked_code = excluded.blocked_code,
                blocked_reason = excluded.blocked_reason
            """,
            [(name, block.code, block.reason) for name, block in blocks.items()],
        )


def release(connection: WarehouseConnection, raw_names: Sequence[str]) -> None:
    """Let tables in quarantine be loaded again; what raw holds of them decides their state."""
    connection.execute(
        """
        update ops.table_state s set
            state = case
                when s.loaded_at is not null then 'loaded'
                when exists (select from ops.chunk c where c.table_name = s.table_name)
                    then 'loading'
                else 'never_loaded'
            end,
            is_publishable = false,
            blocked_code = %s,
            blocked_reason = %s
        where table_name = any(%s) and state = 'quarantined'
        """,
        (RELEASED.code, RELEASED.reason, list(raw_names)),
    )


def forget_dropped(connection: WarehouseConnection, raw_names: Sequence[str]) -> None:
    """End the state `quarantined` of tables that the source has dropped; rows and block stay.

    The block's code is `dropped` afterwards.
    """
    close(connection, dict.fromkeys(raw_names, DROPPED))
    _end_quarantine(connection, raw_names)


def leave_out(connection: WarehouseConnection, raw_names: Sequence[str]) -> None:
    """Close the gates of tables that the config leaves out; their rows stay."""
    close(connection, dict.fromkeys(raw_names, LEFT_OUT))
    _end_quarantine(connection, raw_names)


def _end_quarantine(connection: WarehouseConnection, raw_names: Sequence[str]) -> None:
    connection.execute(
        """
        update ops.table_state set
            state = case when loaded_at is null then 'never_loaded' else 'loaded' end
        where table_name = any(%s) and state = 'quarantined'
        """,
        ([*raw_names],),
    )
