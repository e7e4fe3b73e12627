"""Pages of a table's rows, as the bytes that the server sends.

A page is drained into memory completely before it is returned, so that a MyISAM table is locked
only while the server works, never while somebody else waits. Rows stay packed until they are
needed: most pages are only hashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymysql.connections import MySQLResult
from pymysql.constants import COMMAND

from include.catalog.model import ColumnConfig, TableConfig
from include.source.keys import KeyRange, KeyValues, PagingKey, base_type
from include.source.session import SourceConnection, quote

Cell = bytes | None
Row = tuple[Cell, ...]

_NULL = 251
# Marker of the length prefix -> how many bytes the length has.
_LENGTH_BYTES = {252: 2, 253: 3, 254: 8}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in key order, each as one packed text-protocol row of `width` cells."""

    packed: tuple[bytes, ...]
    width: int
    byte_count: int

    def rows(self) -> list[Row]:
        """Unpack every row."""
        return [unpack(packed, self.width) for packed in self.packed]


class PageReader:
    """Reads one table over one session, along `key`; without a key, all of it at once."""

    def __init__(
        self, connection: SourceConnection, table: TableConfig, *, key: PagingKey, index: str | None
    ) -> None:
        self._connection = connection
        self._key = key
        self._columns = table.replicated_columns
        names = [column.name for column in self._columns]
        self._key_positions = [names.index(column.name) for column in key.columns]
        force = f" force index ({quote(index)})" if index else ""
        cells = ", ".join(_expression(table, column) for column in self._columns)
        self._select = f"select {cells} from {quote(table.name)}{force}"  # noqa: S608
        self._order = ", ".join(quote(column.name) for column in key.columns)

    def read(self, bounds: KeyRange, *, limit: int) -> Page:
        """Return the first `limit` rows of the range. Raises pymysql.MySQLError."""
        predicate = self._key.source_predicate(bounds)
        where = f" where {predicate}" if predicate else ""
        return self._run(f"{self._select}{where} order by {self._order} limit {limit}")

    def read_all(self) -> Page:
        """Return every row, in no order. Raises pymysql.MySQLError."""
        return self._run(self._select)

    def last_key(self, page: Page) -> KeyValues:
        """Return the key of the page's last row."""
        return self.key_of(unpack(page.packed[-1], page.width))

    def key_of(self, row: Row) -> KeyValues:
        """Return the key of a row as a bound."""
        return tuple(
            column.written(row[position])
            for column, position in zip(self._key.columns, self._key_positions, strict=True)
        )

    def _run(self, statement: str) -> Page:
        packed = _execute(self._connection, statement)
        return Page(packed, len(self._columns), sum(map(len, packed)))


def unpack(packed: bytes, width: int) -> Row:
    """Split a packed row into its cells."""
    cells: list[Cell] = []
    at = 0
    for _ in range(width):
        length = packed[at]
        at += 1
        if length == _NULL:
            cells.append(None)
            continue
        if length > _NULL:
            size = _LENGTH_BYTES[length]
            length = int.from_bytes(packed[at : at + size], "little")
            at += size
        cells.append(packed[at : at + length])
        at += length
    return tuple(cells)


def _expression(table: TableConfig, column: ColumnConfig) -> str:
    name = quote(column.name)
    expression = name
    if base_type(column.source_type) in ("float", "double"):
        # The text of a FLOAT has 6 digits; a product with a double has all that it takes, and
        # unlike a sum it keeps the sign of -0.
        expression = f"({name} * 1e0)"
    for cell in table.excluded_cells:
        if cell.column == column.name:
            pattern = f"_utf8mb4 x'{('(?i)' + cell.pattern).encode().hex()}'"
            matched = f"convert({quote(cell.when_column)} using utf8mb4) regexp {pattern}"
            expression = f"if({matched}, null, {expression})"
    return expression if expression == name else f"{expression} as {name}"


def _execute(connection: SourceConnection, statement: str) -> tuple[bytes, ...]:
    # PyMySQL's public cursors unpack and convert every cell; comparing content needs neither.
    raw: Any = connection
    raw._execute_command(COMMAND.COM_QUERY, statement)
    result = _PackedResult(connection)
    result.read()
    return result.packed


class _PackedResult(MySQLResult):
    """A result whose rows stay packed."""

    packed: tuple[bytes, ...] = ()

    def _read_rowdata_packet(self) -> None:
        connection: Any = self.connection
        packed: list[bytes] = []
        while True:
            packet = connection._read_packet()
            if packet.is_eof_packet():
                break
            packed.append(packet.get_all_data())
        self.packed = tuple(packed)
