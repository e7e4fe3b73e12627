"""What is stored of the single rows of a chunk, besides the hash that says whether it has changed.

For tables whose key is one integer these are the keys and hashes of the rows: of a changed chunk,
only the rows that differ are then encoded and sent. For tables whose key the databases do not order
alike it is one hash of all keys, by which a second reading of nothing but the keys tells whether
they are still those of the chunk's rows.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence
from typing import Any

import xxhash

from include.engine.chunks import row_seed
from include.engine.context import LoadContext
from include.engine.encoding import PageEncoder
from include.errors import StructureError
from include.source.keys import KeyRange
from include.source.pages import PageReader
from include.source.statement import ResultBuffer
from include.transcoder import row_index
from include.transcoder.core import RULES, OutputTooSmall
from include.transcoder.row_index import (
    IndexChanges,
    KeyOrderError,
    KeyTuples,
    MalformedIndexError,
)

_WIDTHS = {"smallint": 2, "integer": 4, "bigint": 8}
_TUPLES_BYTES = 1 << 14

log = logging.getLogger(__name__)


class RowIndexer:
    """Makes and compares the row indexes of one table, after the reader has read a first page."""

    def __init__(self, context: LoadContext, width: int) -> None:
        self._core = context.core
        self._table = context.table
        self._layout = context.reader.layout.only(context.reader.key_positions)
        self._width = width
        self._seed = row_seed(context.salt)
        self._tuples = bytearray(_TUPLES_BYTES)
        self._hashes: Any = (ctypes.c_uint64 * 1)()
        self._counts: Any = (ctypes.c_uint64 * (len(RULES) * len(self._layout.fields)))()

    def pack(self, page: ResultBuffer) -> bytes:
        """Return the page's row index. Raises StructureError when the keys do not ascend."""
        try:
            return row_index.pack(self._rows(page))
        except KeyOrderError:
            raise StructureError(
                "the rows did not come in the order of the configured key, so it is no key any "
                "more. What is not yet committed was rolled back; the rows of the last good load "
                "are intact. The next refresh follows what has changed.",
                where=f"table {self._table.name}",
            ) from None

    def compare(
        self, page: ResultBuffer, bounds: KeyRange, old: Sequence[bytes]
    ) -> tuple[IndexChanges, bytearray] | None:
        """Compare a page with the stored row indexes of its range, and flag the rows that differ.

        Returns None when one of these is damaged: every row must be compared then.
        """
        flags = bytearray(page.rows.count)
        lo, hi = (None if side is None else int(side[0]) for side in (bounds.lo, bounds.hi))
        try:
            found = row_index.compare(old, self._rows(page), flags, bounds=(lo, hi))
        except MalformedIndexError:
            log.warning("table %s: a stored row index is damaged; not used", self._table.name)
            return None
        return found, flags

    def _rows(self, page: ResultBuffer) -> KeyTuples:
        if len(self._hashes) < page.rows.count:
            self._hashes = (ctypes.c_uint64 * page.rows.capacity)()
        self._core.hash_rows(page.data, page.rows, self._seed, self._hashes)
        while not self._write_keys(page):
            self._tuples = bytearray(2 * len(self._tuples))
        return KeyTuples(self._tuples, self._width, self._hashes, page.rows.count)

    def _write_keys(self, page: ResultBuffer) -> bool:
        """Write the keys' tuples; return whether there was room for all."""
        try:
            done = self._core.transcode(
                page.data, page.rows, 0, self._layout, self._tuples, emit=None, counts=self._counts
            )
        except OutputTooSmall:
            return False
        return done.rows == page.rows.count


class KeyDigester:
    """Hashes the keys of pages of one table, read by the load's reader or by one of keys only."""

    def __init__(self, context: LoadContext, reader: PageReader) -> None:
        layout = reader.layout.only(reader.key_positions)
        self._encoder = PageEncoder(context.core, reader.table, layout)

    def keys(self, page: ResultBuffer) -> tuple[bytes, bytes]:
        """Return the page's keys as rows of a binary COPY, and a 128-bit hash of them."""
        keys = b"".join(self._encoder.blocks(page))
        return keys, xxhash.xxh3_128_digest(keys)

    def pack(self, page: ResultBuffer) -> bytes:
        """Return the hash of the page's keys."""
        return self.keys(page)[1]


def row_indexer(context: LoadContext) -> RowIndexer | KeyDigester | None:
    """Return what packs the rows of the table, after the reader has read a first page.

    None for keys of several columns that both databases order alike: their changed chunks are sent
    as a whole, and need nothing more.
    """
    columns = context.key.columns
    width = _WIDTHS.get(columns[0].warehouse_type) if len(columns) == 1 else None
    if width:
        return RowIndexer(context, width)
    return None if context.key.is_ordered else KeyDigester(context, context.reader)
