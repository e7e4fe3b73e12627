"""The refresh of a loaded table: every chunk is read and hashed, only changed rows are written."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import closing
from copy import copy
from dataclasses import replace

from include.engine.apply import PageApplier
from include.engine.chunks import filled, plan_ranges
from include.engine.context import LoadContext
from include.engine.copying import Write
from include.engine.encoding import PageEncoder
from include.engine.results import Pass
from include.engine.row_index import KeyDigester, RowIndexer, row_indexer
from include.engine.walk import PageRead, pages_read
from include.ops.chunks import Chunk
from include.ops.load_results import RowCounts
from include.transcoder.row_index import IndexChanges

# A refresh that moves more rows than this commits in batches.
ONE_TRANSACTION_ROWS = 1_000_000
# Changed rows are collected up to this size, because each statement has a fixed cost. Meanwhile the
# source is read until the read-ahead is full; with 512 KB it filled up, and reading stopped.
BATCH_BYTES = 128 * 1024

log = logging.getLogger(__name__)


class UnexpectedRawRowsError(Exception):
    """Raw does not hold the rows that the last load left: something else wrote to it."""


def compare_chunks(context: LoadContext, stored: Sequence[Chunk]) -> Pass:
    """Make a raw table, which must have its primary key, equal to its source table.

    The caller commits; only a refresh of more than ONE_TRANSACTION_ROWS commits batches before.
    Raises UnexpectedRawRowsError when the stored hashes of rows do not fit the raw rows.
    """
    return _Comparison(context, stored).run()


def full_comparison(context: LoadContext, found: str) -> Pass:
    """Compare all rows without the stored hashes, because these do not fit; `found` is logged."""
    log.warning("table %s: %s; comparing every row", context.table.name, found)
    thorough = replace(context, ignores_hashes=True, was_interrupted=True)
    # Ranges of text overlap once the source has another collation, so they are cut anew.
    stored = context.chunk_store.read() if context.key.is_ordered else ()
    return compare_chunks(thorough, stored)


class _Comparison:
    """One pass over all chunks of a table."""

    def __init__(self, context: LoadContext, stored: Sequence[Chunk]) -> None:
        self._context = context
        self._stored = stored
        known = filled(stored, context.bounds, context.key)
        self._planned = plan_ranges(known, full_rows=context.page_size.rows)
        self._applier = PageApplier(context.connection, context.table, context.key, context.batch)
        self._encoder: PageEncoder | None = None
        self._indexer: RowIndexer | KeyDigester | None = None
        self._collected = _ChangedRows(self._applier)
        self._done: list[Chunk] = []
        # The chunks whose keys this transaction has noted, of a key that is not ordered.
        self._noted: set[tuple[int, ...]] = set()
        self._moved = self._pending = RowCounts()
        self._byte_count = self._changed = 0
        # The position of the planned chunk that was looked up last, and its row indexes.
        self._stored_index: tuple[int, list[bytes] | None] = (-1, None)

    def run(self) -> Pass:
        """Compare chunk by chunk and apply what differs."""
        with pages_read(self._context, self._planned) as pages:
            for read in pages:
                self._byte_count += read.page.byte_count
                expected = self._planned[read.position]
                if self._is_unchanged(read, expected):
                    self._done.append(expected)
                    continue
                self._changed += 1
                self._done.append(self._handle_changed(read, expected))
                uncommitted = self._pending.total + self._collected.row_count
                if uncommitted >= ONE_TRANSACTION_ROWS and read.is_last:
                    self._commit_batch(read.position)
        self._flush()
        if not self._context.key.is_ordered and (self._changed or self._context.was_interrupted):
            self._tombstone_others()
        return Pass(self._done, self._byte_count, self._changed, self._moved, self._pending)

    def _is_unchanged(self, read: PageRead, expected: Chunk) -> bool:
        return (
            read.bounds == expected.bounds
            and read.digest == expected.content_hash
            and not self._context.ignores_hashes
        )

    def _handle_changed(self, read: PageRead, expected: Chunk) -> Chunk:
        """Apply a page that differs, or collect its changed rows; return its chunk, stored."""
        context = self._context
        context.begin()
        encoder = self._encoder = self._encoder or PageEncoder(
            context.core, context.table, context.reader.layout
        )
        indexer = self._indexer = self._indexer or row_indexer(context)
        compared = None
        if isinstance(indexer, RowIndexer) and (old := self._read_stored_index(read, expected)):
            compared = indexer.compare(read.page, read.bounds, old)
        if compared:
            changes, flags = compared
            self._collected.add(encoder.blocks(read.page, emit=flags), changes)
            if self._collected.byte_count >= BATCH_BYTES:
                self._flush()
        else:

            def write_rows(write: Write) -> None:
                for block in encoder.blocks(read.page):
                    write(block)

            self._count(self._applier.apply_page(write_rows, read.bounds))
        index = indexer.pack(read.page) if indexer else None
        chunk = Chunk(read.bounds, read.page.rows.count, read.digest, encoder.substitutions)
        chunk = context.chunk_store.add(chunk, index)
        self._noted.add(chunk.stored_ids)
        return chunk

    def _read_stored_index(self, read: PageRead, expected: Chunk) -> list[bytes] | None:
        """Return the stored row indexes of the page's chunk; None if all rows must be compared."""
        if self._context.ignores_hashes or not expected.stored_ids:
            return None
        if self._stored_index[0] != read.position:
            self._stored_index = (read.position, self._context.chunk_store.row_index(expected))
        return self._stored_index[1]

    def _flush(self) -> None:
        self._count(self._collected.apply())

    def _count(self, step: RowCounts) -> None:
        self._moved += step
        self._pending += step

    def _commit_batch(self, position: int) -> None:
        self._flush()
        unread = {number for chunk in self._planned[position + 1 :] for number in chunk.stored_ids}
        rest = [chunk for chunk in self._stored if chunk.stored_ids[0] in unread]
        self._context.commit_batch([*self._done, *rest], self._pending)
        self._applier.on_transaction_end()
        self._noted.clear()
        log.info(
            "table %s: %s rows moved and committed so far",
            self._context.table.name,
            self._moved.total,
        )
        self._pending = RowCounts()

    def _tombstone_others(self) -> None:
        """Tombstone the raw rows that are in no chunk; without ranges nothing else shows them.

        The pages that changed have noted their keys. Those of the other chunks are read again; a
        chunk in which somebody inserted or deleted meanwhile is applied as it is now. So raw holds
        of each chunk the very rows that its hash stands for.
        """
        self._context.begin()
        rest = [chunk for chunk in self._done if chunk.stored_ids not in self._noted]
        altered = self._note_keys(rest) if rest else []
        anew: dict[tuple[int, ...], list[Chunk]] = {chunk.stored_ids: [] for chunk in altered}
        if altered:
            with pages_read(self._context, altered) as pages:
                for read in pages:
                    before = altered[read.position]
                    self._byte_count += read.page.byte_count
                    self._changed += read.is_last
                    anew[before.stored_ids].append(self._handle_changed(read, before))
        self._done = [new for old in self._done for new in anew.get(old.stored_ids, [old])]
        self._count(self._applier.tombstone_others())

    def _note_keys(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Read the keys of chunks and note them; return the chunks whose keys are others now."""
        context = self._context
        digests = [context.chunk_store.row_index(chunk) for chunk in chunks]
        altered: list[Chunk] = []
        with closing(context.reader.of_keys()) as reader:
            # What it learns of the length of keys must not decide about pages of whole rows.
            of_keys = replace(context, reader=reader, page_size=copy(context.page_size))

            def write_keys(write: Write) -> None:
                digester = None
                with pages_read(of_keys, chunks) as pages:
                    for read in pages:
                        chunk, known = chunks[read.position], digests[read.position]
                        digester = digester or KeyDigester(of_keys, reader)
                        keys, digest = digester.keys(read.page)
                        if read.bounds == chunk.bounds and known == [digest]:
                            write(keys)
                        elif read.is_last:
                            altered.append(chunk)

            names = [column.raw_name for column in reader.table.replicated_columns]
            self._applier.note_keys(write_keys, names)
        return altered


class _ChangedRows:
    """Changed rows of many pages, collected to be applied together."""

    def __init__(self, applier: PageApplier) -> None:
        self._applier = applier
        self._clear()

    def add(self, blocks: Iterable[memoryview], changes: IndexChanges) -> None:
        """Add encoded rows and the keys that vanished."""
        for block in blocks:
            self._rows += block
        self._vanished.extend(changes.vanished)
        self._changed += changes.changed
        self.row_count += changes.changed + changes.inserted + len(changes.vanished)

    @property
    def byte_count(self) -> int:
        """The memory that the rows take; a vanished key counts as a short row."""
        return len(self._rows) + 64 * len(self._vanished)

    def apply(self) -> RowCounts:
        """Write the collected rows to raw.

        Raises UnexpectedRawRowsError when raw did not hold the rows to change or to delete.
        """
        if not self.byte_count:
            return RowCounts()
        moved, alive = self._applier.apply_rows(
            lambda write: write(self._rows) if self._rows else None, self._vanished
        )
        if (alive, moved.deleted) != (self._changed, len(self._vanished)):
            raise UnexpectedRawRowsError(
                f"{self._changed} rows to change and {len(self._vanished)} "
                f"to delete, but {alive} and {moved.deleted} of them are alive in raw"
            )
        self._clear()
        return moved

    def _clear(self) -> None:
        self._rows = bytearray()
        self._vanished: list[int] = []
        self._changed = self.row_count = 0
