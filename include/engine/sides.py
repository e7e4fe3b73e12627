"""The two sides of a full comparison, both as rows of PostgreSQL's binary COPY."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import xxhash
from psycopg import sql

from include.catalog.model import TableConfig
from include.engine.context import PageSize
from include.engine.copying import HEADER, TRAILER
from include.engine.encoding import PageEncoder
from include.source.keys import KeyRange, KeyValues, PagingKey
from include.source.pages import PageReader
from include.source.statement import ResultBuffer
from include.transcoder.core import Core
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

# The most rows of a range; it has fewer where rows are long.
RANGE_ROWS = 10_000
_BLOCK_ROWS = 50_000
_BLOCK_BYTES = 4 * 1024 * 1024
_NULL_LENGTH = -1

# One row of a binary COPY.
Tuple = bytes


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a range holds, and their hash, which is equal only if the rows are."""

    row_count: int
    digest: bytes


class SourceSide:
    """The source's rows, encoded as the warehouse sends its own."""

    def __init__(
        self, reader: PageReader, core: Core, key: PagingKey, *, average_row_bytes: int
    ) -> None:
        self._reader = reader
        self._core = core
        self._key = key
        self._page = ResultBuffer()
        self._size = PageSize(RANGE_ROWS, average_row_bytes)

    def ranges(self) -> Iterator[tuple[KeyRange, Content]]:
        """Cut the source into ranges; into one when the databases do not order the key alike."""
        if not self._key.is_ordered:
            yield KeyRange(), self._content(self._all_rows())
            return
        lo: KeyValues | None = None
        is_last = False
        while not is_last:
            is_last = self._read(KeyRange(lo, None))
            hi = None if is_last else self._last_key()
            yield KeyRange(lo, hi), self._content(self._encoded())
            lo = hi

    def tuples(self, bounds: KeyRange) -> list[Tuple]:
        """Read a range again and return its rows."""
        if not self._key.is_ordered:
            return [row for block, _ in self._all_rows() for row in split(block)]
        rows: list[Tuple] = []
        lo = bounds.lo
        is_last = False
        while not is_last:
            is_last = self._read(KeyRange(lo, bounds.hi))
            rows.extend(row for block, _ in self._encoded() for row in split(block))
            lo = lo if is_last else self._last_key()
        return rows

    def _read(self, bounds: KeyRange) -> bool:
        is_whole = self._reader.read(self._page, bounds, limit=self._size.rows)
        self._size.learn(self._page)
        return is_whole

    def _last_key(self) -> KeyValues:
        return self._reader.key_of(self._page, self._page.rows.count - 1)

    def _content(self, blocks: Iterator[tuple[bytes, int]]) -> Content:
        digest = _Digest(is_ordered=self._key.is_ordered)
        for block, row_count in blocks:
            digest.add(block, row_count)
        return digest.content

    def _all_rows(self) -> Iterator[tuple[bytes, int]]:
        statement = self._reader.start(self._page)
        try:
            is_end = False
            while not is_end:
                self._page.reserve(_BLOCK_ROWS)
                is_end = statement.drain(self._page, byte_limit=_BLOCK_BYTES)
                yield from self._encoded()
        finally:
            statement.close()

    def _encoded(self) -> Iterator[tuple[bytes, int]]:
        """Yield the page as blocks of tuples, then the number of its rows with an empty block."""
        encoder = PageEncoder(self._core, self._reader.table, self._reader.layout)
        for block in encoder.blocks(self._page):
            yield bytes(block), 0
        yield b"", self._page.rows.count


class WarehouseSide:
    """The living raw rows."""

    def __init__(self, connection: WarehouseConnection, table: TableConfig, key: PagingKey) -> None:
        self._connection = connection
        self._key = key
        self._raw = raw_tables.identifier(table.raw_name)
        self._columns = sql.SQL(", ").join(
            sql.Identifier("r", column.raw_name) for column in table.replicated_columns
        )

    def content(self, bounds: KeyRange) -> Content:
        """Return the number and the hash of a range's rows."""
        digest = _Digest(is_ordered=self._key.is_ordered)
        for row in self._rows(bounds):
            digest.add(row, 1)
        return digest.content

    def tuples(self, bounds: KeyRange) -> list[Tuple]:
        """Return the rows of a range."""
        return list(self._rows(bounds))

    def _rows(self, bounds: KeyRange) -> Iterator[Tuple]:
        order: sql.Composable = sql.SQL("")
        if self._key.is_ordered:
            order = sql.SQL("order by {}").format(
                sql.SQL(", ").join(sql.Identifier("r", name) for name in self._key.raw_names)
            )
        statement = sql.SQL(
            """
            copy (
                select {columns}
                from {raw} r
                where r._deleted_at is null and {in_range}
                {order}
            ) to stdout (format binary)
            """
        ).format(
            columns=self._columns,
            raw=self._raw,
            in_range=self._key.warehouse_predicate(bounds, "r"),
            order=order,
        )
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            is_first = True
            for message in copy:
                row = bytes(message)
                if is_first:
                    # The header may come with the first row.
                    row = row[len(HEADER) :]
                    is_first = False
                if row and row != TRAILER:
                    yield row


class _Digest:
    """Hashes tuples: in their order if both databases order the key alike, else as a multiset."""

    def __init__(self, *, is_ordered: bool) -> None:
        self._is_ordered = is_ordered
        self._stream = xxhash.xxh3_128()
        self._sum = 0
        self._row_count = 0

    def add(self, block: bytes, row_count: int) -> None:
        """Add whole tuples, and their number."""
        self._row_count += row_count
        if self._is_ordered:
            self._stream.update(block)
            return
        for row in split(block):
            self._sum += xxhash.xxh3_128_intdigest(row)

    @property
    def content(self) -> Content:
        """The number and the hash of the tuples that were added."""
        digest = self._stream.digest() if self._is_ordered else str(self._sum).encode()
        return Content(self._row_count, digest)


def split(block: bytes) -> Iterator[Tuple]:
    """Cut a block into its tuples."""
    position = 0
    while position < len(block):
        start = position
        fields = int.from_bytes(block[position : position + 2], "big")
        position += 2
        for _ in range(fields):
            length = int.from_bytes(block[position : position + 4], "big", signed=True)
            position += 4 + max(length, 0)
        yield block[start:position]


def fields(row: Tuple) -> list[bytes | None]:
    """Return the fields of a tuple; None is NULL."""
    found: list[bytes | None] = []
    position = 2
    while position < len(row):
        length = int.from_bytes(row[position : position + 4], "big", signed=True)
        position += 4
        found.append(None if length == _NULL_LENGTH else row[position : position + length])
        position += max(length, 0)
    return found
