"""Bring one raw table to the content of its source table.

    lock -> check the live structure -> read page by page -> drop what is unchanged
         -> copy and apply what changed -> write chunks, counts and state

The refresh of an existing table is one transaction. A very large one commits by parts, as a first
load does, with the state `loading` and the gate closed until its end.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from psycopg import sql

from include.catalog.model import TableConfig
from include.engine.chunks import Chunk, Substitutions, total_substitutions, without_empty
from include.engine.compare import UnexpectedRawRowsError, compare_chunks, compare_every_row
from include.engine.context import LoadContext, Pass
from include.engine.first_load import has_rows, load_first
from include.engine.movement import TableLoad
from include.engine.multiset import compare_multiset
from include.engine.records import record_success
from include.errors import StructureError, WarehouseError
from include.warehouse import raw_tables
from include.warehouse.indexes import bring_indexes

log = logging.getLogger(__name__)


def load(context: LoadContext) -> TableLoad:
    """Make the raw table, which exists, equal to the source table and record it; commits.

    After it the raw table equals the source table as it was read, less what the config excludes.
    """
    done, is_first = _bring_up(context)
    return finish(context, done, is_first=is_first)


def _say(finished: TableLoad) -> None:
    log.info(
        "table %s: %s rows read; %s inserted, %s changed, %s deleted, %s came back; "
        "%s of %s chunks changed",
        finished.table,
        finished.rows_read,
        finished.inserted,
        finished.changed,
        finished.deleted,
        finished.undeleted,
        finished.chunks_changed,
        finished.chunks_read,
    )


def _bring_up(context: LoadContext) -> tuple[Pass, bool]:
    """Choose how the table is loaded, and load it; also say whether it is a first load."""
    connection, table, key = context.connection, context.table, context.key
    stored = context.standing.chunks
    if not key.columns:
        if context.standing.primary_key:
            # A key that the table has lost since must not stand in the way of equal rows.
            context.begin()
            raw_tables.drop_primary_key(connection, table.raw_name)
        done = compare_multiset(context, stored)
        if not stored:
            bring_indexes(connection, table)
        return done, not stored
    if context.standing.primary_key == key.raw_names:
        return compared_with(context, stored), False
    if not context.was_interrupted and has_rows(context):
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
    context.store.arrange(done.chunks)
    compared = compared_with(context, context.store.read())
    return joined(done, compared), True


def compared_with(context: LoadContext, stored: Sequence[Chunk]) -> Pass:
    """Compare with what is stored; compare every row where raw is not what a load left there."""
    done: Pass | None = None
    try:
        done = compare_chunks(context, stored)
        if not done.moved.total and context.standing.is_trusted:
            return done
        counts = _counts_after(context, done)
        if counts[0] == done.rows_read:
            return replace(done, row_counts=counts)
        context.begin()
        context.store.arrange(done.chunks)
        found = f"{done.rows_read} rows were read but {counts[0]} live in the warehouse"
    except UnexpectedRawRowsError as error:
        context.connection.rollback()
        found = str(error)
    repaired = compare_every_row(context, found)
    counts = row_counts(context)
    if counts[0] != repaired.rows_read:
        raise WarehouseError(
            f"{repaired.rows_read} rows were read but {counts[0]} live in the warehouse after a "
            "full comparison. What is not yet committed was rolled back. Try again, and find out "
            "who else writes to the schema raw.",
            where=f"table {context.table.name}",
        )
    repaired = replace(repaired, row_counts=counts)
    return joined(done, repaired) if done else repaired


def joined(first: Pass, second: Pass) -> Pass:
    """Return both passes over the same rows as one; the second's chunks stand."""
    return replace(second, moved=first.moved + second.moved, pending=first.pending + second.pending)


def finish(context: LoadContext, done: Pass, *, is_first: bool) -> TableLoad:
    """Record a table that was brought up as loaded, with its chunks and counts; commits."""
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
    if chunks != (done.chunks if done.is_arranged else context.standing.chunks):
        context.begin()
        context.store.arrange(chunks)
    counts = done.row_counts
    if is_first and load.inserted == load.rows_read and not context.was_interrupted:
        # The table was empty, and its key lets nothing in twice.
        counts = load.rows_read, 0
    elif counts is None and (load.moved or is_first):
        counts = row_counts(context)
    substitutions = total_substitutions(chunks)
    _check_rules(table, substitutions)
    record_success(
        context.connection,
        context.attempt,
        load,
        context.batch,
        pending=done.pending,
        substitutions=substitutions,
        counts=counts,
    )
    context.commit()
    for (column, rule), count in sorted(substitutions.items()):
        log.info("table %s: column %s: %s values by rule %s", table.name, column, count, rule)
    _say(load)
    return load


def _check_rules(table: TableConfig, substitutions: Substitutions) -> None:
    """Raise StructureError when a rule struck that the table's config forbids."""
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


def _counts_after(context: LoadContext, done: Pass) -> tuple[int, int]:
    """Return the living rows and the tombstones after a comparison.

    Reckoned where validation has counted the rows that stood: counting a large table takes as long
    as comparing it.
    """
    standing, moved = context.standing, done.moved
    reckoned = standing.living_count + moved.inserted + moved.undeleted - moved.deleted
    if not standing.is_trusted or reckoned != done.rows_read:
        return row_counts(context)
    return reckoned, standing.tombstone_count + moved.deleted - moved.undeleted


def row_counts(context: LoadContext) -> tuple[int, int]:
    """Return how many raw rows live, and how many are tombstones."""
    row = context.connection.execute(
        sql.SQL(
            "select count(*) filter (where _deleted_at is null), "
            "count(*) filter (where _deleted_at is not null) from {}"
        ).format(raw_tables.identifier(context.table.raw_name))
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
