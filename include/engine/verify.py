"""Compare a table in full on both sides, without what earlier loads have stored.

Both sides' rows are brought to one canonical form and hashed range by range, in another way than
loading does it; where hashes differ both sides are read again, because the practice goes on
working, and the rows are found by their keys.
"""

from __future__ import annotations

import hashlib
import logging
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from psycopg import sql

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.engine.failures import translated
from include.engine.transcoding import NULL, Transcoder
from include.source import session as source_session
from include.source.keys import KeyRange, KeyValues, PagingKey, paging_key
from include.source.live_table import check_live_table
from include.source.pages import Page, PageReader
from include.warehouse import raw_tables
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection

RANGE_ROWS = 10_000
# Differing rows are named up to this number; all are counted.
KEY_LIMIT = 100

Line = bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a full comparison found: rows only in the source, only in the warehouse, different.

    `keys` are those of such rows, up to KEY_LIMIT, as text; they are for a person who asks for
    them, not for logs, and `repr` leaves them out.
    """

    table: str
    source_rows: int
    warehouse_rows: int
    missing: int
    surplus: int
    different: int
    ranges: tuple[KeyRange, ...] = field(default=(), repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_equal(self) -> bool:
        """Whether both sides hold the same rows, less what the config excludes."""
        return not (self.missing or self.surplus or self.different)


def verify_table(source: Endpoint, warehouse: Endpoint, table: TableConfig) -> Comparison:
    """Compare one table value by value. Reads only.

    Raises StructureError when the table is not there as configured.
    """
    key = paging_key(table)
    with (
        translated(source, warehouse, table.name),
        source_session.connect(source) as reading,
        warehouse_session.connect(warehouse, autocommit=True) as connection,
    ):
        live = check_live_table(reading, table, key)
        reader = PageReader(reading, table, key=key, index=live.key_index)
        sides = _Sides(table, key, reader, connection)
        tally = _Tally(table, key)
        for bounds, page in _ranges(reader, key):
            left = sides.source_lines(page)
            right = sides.warehouse_lines(bounds)
            tally.count(len(left), len(right))
            if _range_hash(left) != _range_hash(right):
                # Somebody may have worked between the two reads.
                left = sides.source_lines(sides.read_again(bounds))
                right = sides.warehouse_lines(bounds)
                tally.compare(bounds, left, right)
    result = tally.result()
    log.info(
        "table %s: %s rows in the source, %s in the warehouse; %s missing, %s surplus, "
        "%s different",
        table.name,
        result.source_rows,
        result.warehouse_rows,
        result.missing,
        result.surplus,
        result.different,
    )
    return result


def _ranges(reader: PageReader, key: PagingKey) -> Iterator[tuple[KeyRange, Page]]:
    """Cut the source into ranges that both sides understand: one if the orders differ."""
    if not key.is_ordered:
        yield KeyRange(), reader.read_all()
        return
    lo: KeyValues | None = None
    while True:
        page = reader.read(KeyRange(lo, None), limit=RANGE_ROWS)
        if len(page.packed) < RANGE_ROWS:
            yield KeyRange(lo, None), page
            return
        hi = reader.last_key(page)
        yield KeyRange(lo, hi), page
        lo = hi


class _Sides:
    """Reads one range of either side as sorted canonical lines."""

    def __init__(
        self,
        table: TableConfig,
        key: PagingKey,
        reader: PageReader,
        connection: WarehouseConnection,
    ) -> None:
        self._key = key
        self._reader = reader
        self._connection = connection
        self._transcoder = Transcoder(table)
        self._columns = table.replicated_columns
        self._raw = raw_tables.identifier(table.raw_name)
        self._canonical = [
            _CANONICAL.get(c.warehouse_type.split("(")[0], _as_it_is) for c in self._columns
        ]

    def source_lines(self, page: Page) -> list[Line]:
        return self._sorted(self._transcoder.transcode(page.rows()).lines)

    def read_again(self, bounds: KeyRange) -> Page:
        if not self._key.is_ordered:
            return self._reader.read_all()
        return self._reader.read(bounds, limit=2**62)

    def warehouse_lines(self, bounds: KeyRange) -> list[Line]:
        statement = sql.SQL(
            "copy (select {} from {} r where r._deleted_at is null and {}) "
            "to stdout (format text, encoding 'UTF8')"
        ).format(
            sql.SQL(", ").join(sql.Identifier("r", c.raw_name) for c in self._columns),
            self._raw,
            self._key.warehouse_predicate(bounds, "r"),
        )
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            return self._sorted(bytes(row).rstrip(b"\n") for row in copy)

    def _sorted(self, lines: Iterator[Line] | Sequence[Line]) -> list[Line]:
        return sorted(
            b"\t".join(
                cell if cell == NULL else form(cell)
                for form, cell in zip(self._canonical, line.split(b"\t"), strict=True)
            )
            for line in lines
        )


class _Tally:
    """Adds up what the ranges show."""

    def __init__(self, table: TableConfig, key: PagingKey) -> None:
        self._table = table
        names = [column.name for column in table.replicated_columns]
        self._key_positions = [names.index(column.name) for column in key.columns]
        self._source_rows = self._warehouse_rows = 0
        self._missing = self._surplus = self._different = 0
        self._ranges: list[KeyRange] = []
        self._keys: list[str] = []

    def count(self, source_rows: int, warehouse_rows: int) -> None:
        self._source_rows += source_rows
        self._warehouse_rows += warehouse_rows

    def compare(self, bounds: KeyRange, left: Sequence[Line], right: Sequence[Line]) -> None:
        only_left = Counter(left) - Counter(right)
        only_right = Counter(right) - Counter(left)
        if not only_left and not only_right:
            return
        self._ranges.append(bounds)
        if not self._key_positions:
            self._missing += only_left.total()
            self._surplus += only_right.total()
            return
        left_keys = {self._key(line) for line in only_left}
        right_keys = {self._key(line) for line in only_right}
        self._missing += len(left_keys - right_keys)
        self._surplus += len(right_keys - left_keys)
        self._different += len(left_keys & right_keys)
        room = KEY_LIMIT - len(self._keys)
        self._keys.extend(sorted(left_keys | right_keys)[:room])

    def result(self) -> Comparison:
        return Comparison(
            table=self._table.name,
            source_rows=self._source_rows,
            warehouse_rows=self._warehouse_rows,
            missing=self._missing,
            surplus=self._surplus,
            different=self._different,
            ranges=tuple(self._ranges),
            keys=tuple(self._keys),
        )

    def _key(self, line: Line) -> str:
        cells = line.split(b"\t")
        return ", ".join(cells[at].decode() for at in self._key_positions)


def _range_hash(lines: Sequence[Line]) -> bytes:
    return hashlib.sha256(b"\n".join(lines)).digest()


def _as_it_is(cell: bytes) -> bytes:
    return cell


def _integer(cell: bytes) -> bytes:
    return str(int(cell)).encode()


def _number(cell: bytes) -> bytes:
    # Declarations with zerofill arrive with zeros in front.
    return str(Decimal(cell.decode())).encode()


def _text(cell: bytes) -> bytes:
    # PostgreSQL escapes these on the way out, though it does not ask for it on the way in.
    return cell.replace(b"\b", b"\\b").replace(b"\v", b"\\v").replace(b"\f", b"\\f")


def _double(cell: bytes) -> bytes:
    return struct.pack(">d", float(cell)).hex().encode()


def _single(cell: bytes) -> bytes:
    return struct.pack(">f", float(cell)).hex().encode()


def _moment(cell: bytes) -> bytes:
    # PostgreSQL leaves the zeros at the end of a fraction away.
    text, zone, _ = cell.partition(b"+")
    return (text.rstrip(b"0").rstrip(b".") if b"." in text else text) + zone


_CANONICAL: dict[str, Callable[[bytes], bytes]] = {
    **dict.fromkeys(("smallint", "integer", "bigint"), _integer),
    "numeric": _number,
    "text": _text,
    "real": _single,
    "double precision": _double,
    **dict.fromkeys(("timestamp", "timestamptz", "interval"), _moment),
}
