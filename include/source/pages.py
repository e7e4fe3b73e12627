"""Pages of a table's rows in key order, as the bytes that the server sends.

A page is read into memory completely before it is returned, so that a MyISAM table is locked only
while the server sends rows, never while the page is processed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from include.catalog.model import ColumnConfig, TableConfig
from include.errors import StructureError
from include.source.keys import KeyKind, KeyRange, KeyValues, PagingKey, base_type
from include.source.live_table import LiveTable, TextReading
from include.source.packets import malformed
from include.source.session import SourceConnection, quote
from include.source.session_settings import COLLATION
from include.source.statement import PreparedStatement, ResultBuffer
from include.transcoder.core import Core, UnfitRow, split_row
from include.transcoder.layout import RowLayout, plan_layout

# The row limit of a page is chosen for far fewer bytes; only unusually large rows reach this.
BYTE_LIMIT = 24 * 1024 * 1024
# MariaDB sends these types as text. They are read as the bytes that PostgreSQL has for them: an
# address begins with its family, the bits of its mask, "no network", and its length.
_READ_AS = {
    "uuid": "cast({} as binary(16))",
    "inet4": "concat(x'02200004', cast({} as binary(4)))",
    "inet6": "concat(x'03800010', cast({} as binary(16)))",
}
# For what it cannot convert the server writes "?". Where it writes more of them than the column
# holds, each is read as a byte that is in no character: the transcoder makes it a "?" again, and
# counts the value. They are counted by what "!!" adds, which is no part of a longer character.
_CONVERTED = "convert({0} using utf8mb4)"
_MARKED = f"convert({_CONVERTED} using binary)"
_MORE_MARKS = " > ".join(
    f"char_length(replace({text}, '?', '!!')) - char_length({text})" for text in (_CONVERTED, "{0}")
)
_TEXT_READ_AS = {
    TextReading.AS_STORED: "convert({0} using binary)",
    # A text that is too long for REPLACE would become NULL.
    TextReading.CONVERTED: (
        f"if({_MORE_MARKS}, ifnull(replace({_MARKED}, '?', x'ff'), {_MARKED}), {_MARKED})"
    ),
}


class PageReader:
    """Reads one table over one session, in the order of `key`.

    A prepared statement is reused while its text stays the same; `close` frees it on the server, so
    that the session can go on. `reconnect` must drop the session and open it again.

    Every method raises pymysql.MySQLError when the server does not answer, and StructureError when
    the columns are not those of the config, or change between two reads.
    """

    def __init__(
        self,
        connection: SourceConnection,
        table: TableConfig,
        core: Core,
        *,
        key: PagingKey,
        live: LiveTable,
        reconnect: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._reconnect = reconnect
        self._core = core
        self._table = table
        self._key = key
        self._live = live
        self._description = b""
        self._layout: RowLayout | None = None
        self._text = ""
        self._statement: PreparedStatement | None = None
        names = [column.name for column in table.replicated_columns]
        self._key_positions = [names.index(column.name) for column in key.columns]
        force = f" force index ({quote(live.key_index)})" if live.key_index else ""
        self._from = f"from {quote(table.name)}{force}"
        self._cells = ", ".join(
            _expression(table, column, live) for column in table.replicated_columns
        )
        # Without the table, the order would be that of an expression of this name.
        self._order = ", ".join(
            f"{quote(table.name)}.{quote(column.name)}" for column in key.columns
        )

    @property
    def table(self) -> TableConfig:
        """The table that is read."""
        return self._table

    def of_keys(self) -> PageReader:
        """Return a reader of the same rows that reads nothing but the key's columns.

        They come in the order in which the table has them.
        """
        names = {column.name for column in self._key.columns}
        keys = tuple(column for column in self._table.columns if column.name in names)
        table = replace(self._table, columns=keys, excluded_cells=())
        return PageReader(
            self._connection,
            table,
            self._core,
            key=self._key,
            live=self._live,
            reconnect=self._reconnect,
        )

    @property
    def layout(self) -> RowLayout:
        """The layout of the rows, known after the first read; RuntimeError before it."""
        if self._layout is None:
            raise RuntimeError("nothing was read yet")
        return self._layout

    @property
    def key_positions(self) -> Sequence[int]:
        """The positions of the key's columns in a row."""
        return self._key_positions

    def read(self, page: ResultBuffer, bounds: KeyRange, *, limit: int) -> bool:
        """Fill `page` with the first `limit` rows of the range; return whether these are all.

        A page that exceeds BYTE_LIMIT ends there: it takes that much and one row at most, whose
        limit is ROW_LIMIT. The session is then dropped and opened again, because the server would
        go on sending with the table locked.
        """
        condition = self._key.source_condition(bounds)
        where = f" where {condition.text}" if condition.text else ""
        statement = self._prepared(page, f"{where} order by {self._order} limit ?")
        try:
            page.reserve(limit)
            statement.execute(page, (*condition.integers, limit), row_limit=limit)
            self._check_columns(page)
            is_whole = statement.drain(page, byte_limit=BYTE_LIMIT)
        except BaseException:
            self.close()
            raise
        if not is_whole:
            self.close()
            self._reconnect()
        return is_whole and page.rows.count < limit

    def close(self) -> None:
        """Free the prepared statement on the server; the reader can still be used."""
        statement, self._statement = self._statement, None
        if statement is not None:
            statement.close()

    def start(self, page: ResultBuffer) -> PreparedStatement:
        """Execute a query for every row, unordered; the caller drains and closes the statement."""
        statement = self._prepare(page, "")
        try:
            statement.execute(page)
            self._check_columns(page)
        except BaseException:
            statement.close()
            raise
        return statement

    def key_of(self, page: ResultBuffer, row: int) -> KeyValues:
        """Return the key of a row as a bound."""
        try:
            cells = split_row(page.payload(row), self.layout)
        except UnfitRow:
            raise malformed() from None
        return tuple(
            column.to_text(cells[position])
            for column, position in zip(self._key.columns, self._key_positions, strict=True)
        )

    def count_merged_keys(self) -> int:
        """Return how many keys of the source become the same as another one in the warehouse.

        A character set may have several codes for one character of Unicode. The source converts
        and counts all keys for this.
        """
        texts = ", ".join(
            f"convert({quote(column.name)} using utf8mb4) collate utf8mb4_bin"
            if column.kind is KeyKind.TEXT
            else quote(column.name)
            for column in self._key.columns
        )
        with self._connection.cursor() as cursor:
            cursor.execute(f"select count(*) - count(distinct {texts}) {self._from}")
            return int((cursor.fetchone() or (0,))[0])

    def _prepared(self, page: ResultBuffer, rest: str) -> PreparedStatement:
        if self._statement is None or rest != self._text:
            self.close()
            self._statement, self._text = self._prepare(page, rest), rest
        return self._statement

    def _prepare(self, page: ResultBuffer, rest: str) -> PreparedStatement:
        statement = f"select {self._cells} {self._from}{rest}"
        return PreparedStatement(self._connection, self._core, statement, page)

    def _check_columns(self, page: ResultBuffer) -> None:
        if self._layout is None:
            self._layout = plan_layout(
                self._table, page.columns, raw_texts=self._live.text_readings
            )
            self._description = page.description
        elif page.description != self._description:
            raise StructureError(
                "its columns changed while it was being read. What is not yet committed was "
                "rolled back; the rows of the last good load are intact. The next refresh "
                "follows what has changed.",
                where=f"table {self._table.name}",
            )


def _expression(table: TableConfig, column: ColumnConfig, live: LiveTable) -> str:
    name = quote(column.name)
    reading = live.text_readings.get(column.name)
    read_as = _READ_AS.get(base_type(column.source_type), "{}")
    expression = (read_as if reading is None else _TEXT_READ_AS[reading]).format(name)
    for cell in table.excluded_cells:
        if cell.column == column.name:
            # The collation ignores case. Patterns themselves say so in ways that servers do not
            # share, and their default collation is the server's choice.
            pattern = f"_utf8mb4 x'{cell.pattern.encode().hex()}'"
            text = f"convert({quote(cell.when_column)} using utf8mb4) collate {COLLATION}"
            matched = f"{text} regexp {pattern}"
            expression = f"if({matched}, null, {expression})"
    return expression if expression == name else f"{expression} as {name}"
