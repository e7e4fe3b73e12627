"""A first load: pages are copied straight into the raw table, which gets its key at the end.

Every COMMIT_ROWS rows a batch is committed together with its chunks. A load that finds the batches
of an interrupted one loads only what their chunks do not cover.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

from psycopg import sql

from include.engine.chunks import uncovered
from include.engine.context import LoadContext
from include.engine.copying import copy_into
from include.engine.encoding import PageEncoder
from include.engine.results import Pass
from include.engine.row_index import KeyDigester, RowIndexer, row_indexer
from include.engine.walk import PageRead, pages_read
from include.ops.affected import record_all_affected
from include.ops.chunks import UNKNOWN, Chunk, in_key_order
from include.ops.load_results import Batch, RowCounts
from include.warehouse import raw_tables
from include.warehouse.indexes import drop_indexes, sync_indexes

COMMIT_ROWS = 200_000
# 9,000 sampled rows; autovacuum samples more later.
STATISTICS_TARGET = 30
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


def load_first(context: LoadContext, loaded: Sequence[Chunk], *, commits_batches: bool) -> Pass:
    """Load everything that the chunks `loaded` do not cover, and complete the table.

    The caller commits the last batch; without `commits_batches` it commits everything, and rows
    that the raw table held before are deleted. With `commits_batches` the raw table must be empty,
    unless an interrupted load left its rows there.
    """
    context.begin()
    may_hold_rows = context.was_interrupted or not commits_batches
    if not loaded and (context.stored.primary_key or may_hold_rows):
        clear(context)
    done = load_uncovered(context, loaded, commits_batches=commits_batches, is_empty=not loaded)
    complete(context, done.rows_read)
    return done


def load_uncovered(
    context: LoadContext, loaded: Sequence[Chunk], *, commits_batches: bool, is_empty: bool = False
) -> Pass:
    """Load what the chunks `loaded` do not cover of `context.bounds`; commits as `load_first` does.

    The raw table must not have its primary key yet, and with `is_empty` no rows.
    """
    context.begin()
    gaps = [Chunk(gap, 0, UNKNOWN) for gap in uncovered(loaded, context.bounds)]
    load = _FirstLoad(context, loaded, last_position=len(gaps) - 1)
    if gaps:
        with pages_read(context, gaps) as pages:
            for first in pages:
                if is_empty and not first.is_last:
                    _prepare_key(context)
                is_empty = False
                is_end = load.copy_batch(chain([first], pages))
                if commits_batches and not is_end:
                    load.commit_batch()
    return load.result()


def complete(context: LoadContext, row_count: int) -> None:
    """Add key and indexes to a table with all its rows, and analyze it; the caller commits."""
    context.begin()
    if context.key.columns:
        name = context.table.raw_name
        raw_tables.add_primary_key(context.connection, name, context.key.raw_names)
        if context.table.indexes:
            sync_indexes(context.connection, context.table)
    if row_count:
        # Without statistics PostgreSQL takes one row in 200 for one that is not deleted.
        _analyze(context)
    if context.table.restate_by:
        # Listing each day and family would take a sixth of a first load.
        record_all_affected(context.connection, context.table.raw_name, context.batch)


def has_rows(context: LoadContext) -> bool:
    """Whether the raw table holds any row, tombstones included."""
    if not context.stored.has_pages:
        return False
    row = context.connection.execute(
        sql.SQL("select exists (select from {})").format(
            raw_tables.identifier(context.table.raw_name)
        )
    ).fetchone()
    return row == (True,)


def clear(context: LoadContext) -> None:
    """Delete all rows of the raw table, and drop its primary key, indexes and chunks.

    No load can resume from these rows. They are deleted, not truncated, so that readers with an
    older snapshot still see them.
    """
    context.begin()
    name = context.table.raw_name
    context.connection.execute(sql.SQL("delete from {}").format(raw_tables.identifier(name)))
    raw_tables.drop_primary_key(context.connection, name)
    drop_indexes(context.connection, name)
    _prepare_key(context)
    context.chunk_store.clear()


def _prepare_key(context: LoadContext) -> None:
    raw_tables.forbid_null(context.connection, context.table.raw_name, context.key.raw_names)


class _FirstLoad:
    """The batches of one first load."""

    def __init__(
        self, context: LoadContext, loaded: Sequence[Chunk], *, last_position: int
    ) -> None:
        self._context = context
        self._last_position = last_position
        self._target = raw_tables.identifier(context.table.raw_name)
        names = [column.raw_name for column in context.table.replicated_columns]
        self._columns = [*names, "_loaded_at", "_batch_id"]
        self._encoder: PageEncoder | None = None
        self._indexer: RowIndexer | KeyDigester | None = None
        self._loaded = len(loaded)
        self._chunks = list(loaded)
        self._inserted = self._pending = self._byte_count = 0

    def copy_batch(self, pages: Iterator[PageRead]) -> bool:
        """Copy pages until there are COMMIT_ROWS rows; return whether the last page was copied."""
        context = self._context
        read: list[tuple[Chunk, bytes | None]] = []
        row_count = 0
        is_end = False
        with copy_into(context.connection, self._target, self._columns) as write:
            for page_read in pages:
                page = page_read.page
                encoder = self._page_encoder()
                for block in encoder.blocks(page):
                    write(block)
                index = self._indexer.pack(page) if self._indexer else None
                chunk = Chunk(
                    page_read.bounds, page.rows.count, page_read.digest, encoder.substitutions
                )
                read.append((chunk, index))
                row_count += page.rows.count
                self._byte_count += page.byte_count
                is_end = page_read.is_last and page_read.position == self._last_position
                if row_count >= COMMIT_ROWS:
                    break
        self._pending += row_count
        # Not before, because the connection runs no other statement during a COPY.
        for chunk, index in read:
            self._chunks.append(
                context.chunk_store.add(chunk, index, ordinal=len(self._chunks) + 1)
            )
        return is_end

    def commit_batch(self) -> None:
        """Commit what was copied, behind a closed gate."""
        self._context.commit_batch(self._ordered(), RowCounts(inserted=self._pending))
        self._inserted += self._pending
        log.info(
            "table %s: %s rows loaded and committed so far",
            self._context.table.name,
            self._inserted,
        )
        self._pending = 0

    def result(self) -> Pass:
        """Return what was read and loaded."""
        return Pass(
            self._ordered(),
            self._byte_count,
            len(self._chunks) - self._loaded,
            RowCounts(inserted=self._inserted + self._pending),
            RowCounts(inserted=self._pending),
            # Without earlier chunks, all were read and stored in key order.
            is_arranged=not self._loaded,
        )

    def _ordered(self) -> list[Chunk]:
        return in_key_order(self._chunks, self._context.key)

    def _page_encoder(self) -> PageEncoder:
        if self._encoder is None:
            context = self._context
            layout = context.reader.layout.with_suffix(*encoded_bookkeeping(context.batch))
            self._encoder = PageEncoder(context.core, context.table, layout)
            self._indexer = row_indexer(context)
        return self._encoder


def encoded_bookkeeping(batch: Batch) -> tuple[bytes, int]:
    """Return `_loaded_at` and `_batch_id` as fields of a binary COPY, and how many fields it is."""
    microseconds = (batch.loaded_at - _EPOCH) // timedelta(microseconds=1)
    return struct.pack(">iqiq", 8, microseconds, 8, batch.batch_id), 2


def _analyze(context: LoadContext) -> None:
    """Analyze the columns that queries join or filter on.

    To sample all columns of a wide table takes seconds, whatever its size; autovacuum analyzes the
    others later. Expressions that indexes hold are sampled with all columns only.
    """
    table = context.table
    indexes = table.indexes or ()
    indexed = {name for index in indexes for name in index.columns}
    names = [
        column.raw_name
        for column in table.replicated_columns
        if column.name in (*table.key, *table.restate_by)
        or column.references
        or column.raw_name in indexed
    ]
    columns = sql.SQL("({})").format(
        sql.SQL(", ").join(map(sql.Identifier, ["_batch_id", "_deleted_at", *names]))
    )
    context.connection.execute(
        sql.SQL("set local default_statistics_target = {}").format(sql.Literal(STATISTICS_TARGET))
    )
    context.connection.execute(
        sql.SQL("analyze {} {}").format(
            raw_tables.identifier(table.raw_name),
            sql.SQL("") if any(index.expression for index in indexes) else columns,
        )
    )
