"""Bring one raw table to the content of its source table.

    lock -> check the live structure -> read page by page -> drop what is unchanged
         -> copy and apply what changed -> write chunks, counts and state

The refresh of an existing table is one transaction. A very large one commits by parts, as a first
load does, with the state `loading` and the gate closed until its end.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Literal

import psycopg
from psycopg import sql

from include.catalog.model import TableConfig
from include.catalog.store import load_table_config
from include.endpoints import Endpoint
from include.engine.batch import Batch, take_batch
from include.engine.chunks import (
    read_chunks,
    total_substitutions,
    without_empty,
    write_chunks,
)
from include.engine.compare import compare_chunks, compare_multiset
from include.engine.context import LoadContext, PageSize, Pass
from include.engine.failures import describe, translated
from include.engine.first_load import load_first
from include.engine.lock import TableLock, lock_session, sole_writer, table_lock
from include.engine.movement import TableLoad
from include.engine.records import (
    Attempt,
    record_counts,
    record_failure,
    record_movement,
    record_start,
    record_substitutions,
    record_success,
)
from include.errors import ConfigError, WarehouseError
from include.source import session as source_session
from include.source.keys import paging_key
from include.source.live_table import check_live_table
from include.source.pages import PageReader
from include.warehouse import raw_tables
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection

Mode = Literal["compare", "full"]

# Readers and the schema changes of a plan hold a raw table for moments only.
LOCK_TIMEOUT_SECONDS = 60

log = logging.getLogger(__name__)


def load_table(
    source: Endpoint, warehouse: Endpoint, *, run_id: int, table: str, mode: Mode = "compare"
) -> TableLoad:
    """Load one table with the config that its run pinned; `table` is its name in the source.

    Safe to repeat. After it the raw table equals the source table as it was read, less what the
    config excludes. A failure leaves the rows of the last good load, closes the table's gate and
    is recorded in `ops.table_load`. Raises TerminalError for what a person must fix, and
    SourceError or WarehouseError for what may pass.
    """
    config = pinned_config(warehouse, run_id=run_id, table=table)
    return load_configured(source, warehouse, Attempt(run_id, config), mode=mode)


def pinned_config(warehouse: Endpoint, *, run_id: int, table: str) -> TableConfig:
    """Return the table's config in the version that the run pinned."""
    with (
        translated(warehouse, warehouse, table),
        warehouse_session.connect(warehouse, autocommit=True) as connection,
    ):
        row = connection.execute(
            "select config_version from ops.run where run_id = %s", (run_id,)
        ).fetchone()
        if row is None:
            raise ConfigError(
                f"has no run {run_id}. Nothing was read or written. Start a new refresh.",
                where="ops.run",
            )
        config = load_table_config(connection, int(row[0]), table)
    if config is None:
        raise ConfigError(
            f"is not in the config that run {run_id} pinned (version {row[0]}). Nothing was read "
            "or written. Run discovery if the table is new; table names have the source's case.",
            where=f"table {table}",
        )
    return config


def load_configured(
    source: Endpoint, warehouse: Endpoint, attempt: Attempt, *, mode: Mode = "compare"
) -> TableLoad:
    """Load one table with the given config; see `load_table`."""
    name = attempt.table.name
    with (
        translated(source, warehouse, name),
        lock_session(warehouse) as session,
        table_lock(session, attempt.table.raw_name) as lock,
    ):
        batch = take_batch(lock.connection)
        record_start(lock.connection, attempt, batch)
        try:
            with (
                translated(source, warehouse, name),
                warehouse_session.connect(warehouse) as connection,
                sole_writer(lock, connection),
            ):
                load = _load(source, (connection, lock), attempt, batch, mode)
        except BaseException as error:
            _record_failure(lock.connection, attempt, error)
            raise
    log.info(
        "table %s: %s rows read; %s inserted, %s changed, %s deleted, %s came back; "
        "%s of %s chunks changed",
        name,
        load.rows_read,
        load.inserted,
        load.changed,
        load.deleted,
        load.undeleted,
        load.chunks_changed,
        load.chunks_read,
    )
    return load


def _load(
    source: Endpoint,
    connections: tuple[WarehouseConnection, TableLock],
    attempt: Attempt,
    batch: Batch,
    mode: Mode,
) -> TableLoad:
    connection, lock = connections
    table = attempt.table
    key = paging_key(table)
    with source_session.connect(source) as reading:
        live = check_live_table(reading, table, key)
        connection.execute(
            sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_SECONDS}s"))
        )
        raw_tables.create_table(connection, table)
        connection.commit()
        context = LoadContext(
            attempt=attempt,
            batch=batch,
            key=key,
            reader=PageReader(reading, table, key=key, index=live.key_index),
            page_size=PageSize(table.chunk_rows, live.average_row_bytes),
            connection=connection,
            lock=lock,
            ignores_hashes=mode == "full",
            was_interrupted=_state(connection, table) == "loading",
        )
        done, is_first = _bring_up(context)
    return _finish(context, done, is_first=is_first)


def _bring_up(context: LoadContext) -> tuple[Pass, bool]:
    """Choose how the table is loaded, and load it."""
    connection, table, key = context.connection, context.table, context.key
    stored = read_chunks(connection, table.raw_name, key)
    standing_key = raw_tables.primary_key(connection, table.raw_name)
    if not key.columns:
        # A key that the table has lost since must not stand in the way of equal rows.
        raw_tables.drop_primary_key(connection, table.raw_name)
        return _counted(context, compare_multiset(context, stored)), not stored
    if standing_key == key.raw_names:
        return _counted(context, compare_chunks(context, stored)), False
    if not context.was_interrupted and any(_row_counts(context)):
        log.warning(
            "table %s: the key is now %s, so the raw table is built again",
            table.name,
            key.raw_names,
        )
        return load_first(context, (), commits_parts=False), True
    done = load_first(context, stored, commits_parts=True)
    if not stored:
        return done, True
    log.info(
        "table %s: went on after %s chunks of an interrupted load; comparing those as well",
        table.name,
        len(stored),
    )
    compared = _counted(context, compare_chunks(context, without_empty(done.chunks)))
    return (
        replace(
            compared,
            moved=done.moved + compared.moved,
            pending=done.pending + compared.pending,
        ),
        True,
    )


def _counted(context: LoadContext, done: Pass) -> Pass:
    """Check that as many rows live as were read; something else wrote to the table otherwise."""
    alive, _ = _row_counts(context)
    if alive == done.rows_read:
        return done
    log.warning(
        "table %s: %s rows were read but %s live in the warehouse, so something else wrote there; "
        "comparing every row",
        context.table.name,
        done.rows_read,
        alive,
    )
    thorough = replace(context, ignores_hashes=True, was_interrupted=True)
    compare = compare_chunks if context.key.columns else compare_multiset
    repaired: Pass = compare(thorough, done.chunks)
    alive, _ = _row_counts(context)
    if alive != repaired.rows_read:
        raise WarehouseError(
            f"{repaired.rows_read} rows were read but {alive} live in the warehouse after a full "
            "comparison. What is not yet committed was rolled back. Try again, and find out who "
            "else writes to the schema raw.",
            where=f"table {context.table.name}",
        )
    return replace(
        repaired,
        moved=done.moved + repaired.moved,
        pending=done.pending + repaired.pending,
    )


def _finish(context: LoadContext, done: Pass, *, is_first: bool) -> TableLoad:
    table = context.table
    chunks = without_empty(done.chunks)
    load = TableLoad(
        table=table.name,
        batch_id=context.batch.batch_id,
        rows_read=done.rows_read,
        bytes_read=done.byte_count,
        chunks_read=len(done.chunks),
        chunks_changed=done.chunks_changed,
        inserted=done.moved.inserted,
        changed=done.moved.changed,
        undeleted=done.moved.undeleted,
        deleted=done.moved.deleted,
        is_first_load=is_first,
    )
    connection = context.connection
    if chunks != read_chunks(connection, table.raw_name, context.key):
        write_chunks(connection, table.raw_name, context.key, chunks)
    if load.moved or is_first:
        alive, deleted = _row_counts(context)
        record_counts(connection, table, alive=alive, deleted=deleted)
    substitutions = total_substitutions(chunks)
    record_movement(connection, context.attempt, done.pending)
    record_substitutions(connection, context.attempt, substitutions)
    record_success(connection, context.attempt, load, context.batch)
    context.commit()
    for (column, rule), count in sorted(substitutions.items()):
        log.info("table %s: column %s: %s values by rule %s", table.name, column, count, rule)
    return load


def _row_counts(context: LoadContext) -> tuple[int, int]:
    row = context.connection.execute(
        sql.SQL(
            "select count(*) filter (where _deleted_at is null), "
            "count(*) filter (where _deleted_at is not null) from {}"
        ).format(raw_tables.identifier(context.table.raw_name))
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _state(connection: WarehouseConnection, table: TableConfig) -> str:
    row = connection.execute(
        "select state from ops.table_state where table_name = %s", (table.raw_name,)
    ).fetchone()
    return str(row[0]) if row else "never_loaded"


def _record_failure(lock: WarehouseConnection, attempt: Attempt, error: BaseException) -> None:
    try:
        record_failure(lock, attempt, describe(error))
    except psycopg.Error:
        log.warning(
            "table %s: the failure could not be recorded in the warehouse", attempt.table.name
        )
