"""The story of one load: one raw table is made equal to its source table.

    lock -> record the start -> check the live structure, read what is stored
         -> read page by page, drop what is unchanged -> copy and apply what changed
         -> store chunks, counts and state

The refresh of an existing table is one transaction. A very large one commits in batches, as a first
load does; the state is `loading` and the gate closed until its end. How several workers load a
table in ranges of its key is told in `include.engine.split_load`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import psycopg
from psycopg import sql

from include.catalog.model import TableConfig
from include.catalog.targets import Mode
from include.engine.chunks import total_substitutions, without_empty
from include.engine.compare import UnexpectedRawRowsError, compare_chunks, full_comparison
from include.engine.connections import EngineConnections
from include.engine.context import LoadContext, open_context
from include.engine.first_load import has_rows, load_first
from include.engine.multiset import compare_multiset
from include.engine.page_limits import page_limits
from include.engine.results import Pass
from include.errors import StructureError, WarehouseError
from include.ops.chunks import Chunk, Substitutions
from include.ops.load_results import Attempt, TableLoad
from include.ops.loads import record_failure, record_start, record_success
from include.sessions.failures import MERGED_KEYS, SEPARATE_KEYS, describe
from include.sessions.locks import TableLock, table_lock
from include.source.keys import KeyKind
from include.warehouse import raw_tables
from include.warehouse.indexes import sync_indexes

log = logging.getLogger(__name__)


def load(connections: EngineConnections, attempt: Attempt, *, mode: Mode = "compare") -> TableLoad:
    """Load one table with the attempt's config; safe to repeat.

    Afterwards the raw table equals the source table as it was read, less what the config excludes.
    A failure leaves the rows of the last good load, closes the table's gate and is recorded in
    `ops.table_load`. Raises TerminalError for what a person must fix, and SourceError or
    WarehouseError for what another attempt may overcome.
    """
    table = attempt.table
    with (
        connections.closed_on_failure(),
        connections.driver_errors(table.name),
        table_lock(connections.lock_session(), table.raw_name) as lock,
    ):
        batch = record_start(lock.connection, attempt)
        with (
            failures_recorded(connections, attempt, lock),
            open_context(connections, attempt, batch, lock, mode) as context,
        ):
            return load_whole(context)


def load_whole(context: LoadContext) -> TableLoad:
    """Make the raw table equal to the source table and record it; commits."""
    done, is_first = _load_rows(context)
    return finish(context, done, is_first=is_first)


@contextmanager
def failures_recorded(
    connections: EngineConnections, attempt: Attempt, lock: TableLock
) -> Iterator[None]:
    """Record a failure of the body, and close the table's gate, over the lock's connection."""
    try:
        with connections.driver_errors(attempt.table.name), page_limits(attempt.table):
            yield
    except BaseException as error:
        try:
            record_failure(lock.connection, attempt, describe(error))
        except psycopg.Error:
            log.warning(
                "table %s: the failure could not be recorded in the warehouse", attempt.table.name
            )
        raise


def _load_rows(context: LoadContext) -> tuple[Pass, bool]:
    """Choose how to load the table, and load it; also return whether this is a first load."""
    connection, table, key = context.connection, context.table, context.key
    chunks = context.stored.chunks
    if not key.columns:
        if context.stored.primary_key:
            # The source table has lost its key: a primary key in raw would refuse equal rows.
            context.begin()
            raw_tables.drop_primary_key(connection, table.raw_name)
        done = compare_multiset(context, chunks)
        if not chunks:
            sync_indexes(connection, table)
        return done, not chunks
    if context.stored.primary_key == key.raw_names:
        return compare_and_repair(context, chunks), False
    if not context.was_interrupted and has_rows(context):
        log.warning(
            "table %s: the key is now %s, so the raw table is built again",
            table.name,
            key.raw_names,
        )
        return load_first(context, (), commits_batches=False), True
    done = load_first(context, chunks, commits_batches=True)
    if not chunks:
        return done, True
    log.info(
        "table %s: went on after %s chunks of an interrupted load; comparing those as well",
        table.name,
        len(chunks),
    )
    context.chunk_store.arrange(done.chunks)
    compared = compare_and_repair(context, context.chunk_store.read())
    return done.followed_by(compared), True


def compare_and_repair(context: LoadContext, chunks: Sequence[Chunk]) -> Pass:
    """Compare with the stored chunks, and then every row if raw is not as a load left it.

    Raises WarehouseError when even then raw does not have as many living rows as were read.
    """
    done: Pass | None = None
    try:
        done = compare_chunks(context, chunks)
        if not done.moved.total and context.stored.is_trusted:
            return done
        counts = _row_counts_after(context, done)
        if counts[0] == done.rows_read:
            return replace(done, row_counts=counts)
        context.begin()
        context.chunk_store.arrange(done.chunks)
        found = f"{done.rows_read} rows were read but {counts[0]} live in the warehouse"
    except UnexpectedRawRowsError as error:
        context.connection.rollback()
        found = str(error)
    repaired = full_comparison(context, found)
    counts = count_rows(context)
    if counts[0] != repaired.rows_read:
        _refuse_merged_keys(context)
        raise WarehouseError(
            f"{repaired.rows_read} rows were read but {counts[0]} live in the warehouse after a "
            "full comparison. What is not yet committed was rolled back. Try again, and find out "
            "who else writes to the schema raw.",
            where=f"table {context.table.name}",
        )
    repaired = replace(repaired, row_counts=counts)
    return done.followed_by(repaired) if done else repaired


def _refuse_merged_keys(context: LoadContext) -> None:
    """Raise StructureError when the warehouse cannot tell keys apart that the source can."""
    has_text = any(column.kind is KeyKind.TEXT for column in context.key.columns)
    merged = context.reader.count_merged_keys() if has_text else 0
    if merged:
        raise StructureError(
            f"{merged} of the source's keys become the same text as another one: {MERGED_KEYS}. "
            f"What is not yet committed was rolled back. {SEPARATE_KEYS}",
            where=f"table {context.table.name}",
        )


def finish(context: LoadContext, done: Pass, *, is_first: bool) -> TableLoad:
    """Record a table whose rows are all loaded, with its chunks and counts; commits."""
    table = context.table
    chunks = without_empty(done.chunks)
    result = TableLoad(
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
    if chunks != (done.chunks if done.is_arranged else context.stored.chunks):
        context.begin()
        context.chunk_store.arrange(chunks)
    counts = done.row_counts
    if is_first and result.inserted == result.rows_read and not context.was_interrupted:
        # The table was empty, and its primary key excludes duplicates: no need to count.
        counts = result.rows_read, 0
    elif counts is None and (result.moved or is_first):
        counts = count_rows(context)
    substitutions = total_substitutions(chunks)
    _check_rules(table, substitutions)
    record_success(
        context.connection,
        context.attempt,
        result,
        context.batch,
        uncounted=done.pending,
        substituted=substitutions,
        row_counts=counts,
    )
    context.commit()
    for (column, rule), count in sorted(substitutions.items()):
        log.info("table %s: column %s: %s values by rule %s", table.name, column, count, rule)
    log.info(
        "table %s: %s rows read; %s inserted, %s changed, %s deleted, %s came back; "
        "%s of %s chunks changed",
        result.table,
        result.rows_read,
        result.inserted,
        result.changed,
        result.deleted,
        result.undeleted,
        result.chunks_changed,
        result.chunks_read,
    )
    return result


def _check_rules(table: TableConfig, substitutions: Substitutions) -> None:
    """Raise StructureError when a rule replaced values that the table's config forbids."""
    forbidden = [
        f"{column}: {count} by rule {rule}"
        for (column, rule), count in sorted(substitutions.items())
        if rule in table.failing_rules
    ]
    if forbidden:
        raise StructureError(
            f"columns hold values that PostgreSQL cannot hold, and overrides.yml forbids to "
            f"substitute them ({'; '.join(forbidden)}). What is not yet committed was rolled back. "
            "Correct them in the source, or allow the rule.",
            where=f"table {table.name}",
        )


def _row_counts_after(context: LoadContext, done: Pass) -> tuple[int, int]:
    """Return the living rows and the tombstones after a comparison.

    They are computed from the stored counts if validation has confirmed these, because counting a
    large table takes as long as comparing it.
    """
    stored, moved = context.stored, done.moved
    derived = stored.row_count + moved.inserted + moved.undeleted - moved.deleted
    if not stored.is_trusted or derived != done.rows_read:
        return count_rows(context)
    return derived, stored.deleted_count + moved.deleted - moved.undeleted


def count_rows(context: LoadContext) -> tuple[int, int]:
    """Return how many raw rows are living, and how many are tombstones."""
    row = context.connection.execute(
        sql.SQL(
            """
            select
                count(*) filter (where _deleted_at is null),
                count(*) filter (where _deleted_at is not null)
            from {}
            """
        ).format(raw_tables.identifier(context.table.raw_name))
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
