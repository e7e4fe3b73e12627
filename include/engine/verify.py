"""Compares all rows of a table in both databases, without using what earlier loads have stored.

Range by range, the source's rows are encoded as PostgreSQL sends its own, and both sides are
hashed. Where the hashes differ, both sides are read again, because somebody may have worked in
between, and the rows that differ are found by their keys.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import psycopg
from psycopg import pq
from psycopg.abc import Loader
from psycopg.adapt import Transformer

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.engine.sides import SourceSide, Tuple, WarehouseSide, fields
from include.ops import schema
from include.sessions.failures import driver_errors
from include.sessions.slots import own_source_slot
from include.source import session as source_session
from include.source.keys import KeyRange, PagingKey, paging_key
from include.source.live_table import check_live_table
from include.source.pages import PageReader
from include.transcoder.core import load_core
from include.warehouse.session import WarehouseConnection

# The most keys of differing rows that are returned; all rows are counted.
KEY_LIMIT = 100

# The cells of a key, as PostgreSQL's binary COPY has them.
_Key = tuple[bytes | None, ...]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many rows were found only in the source, only in the warehouse, or different.

    `keys` are the keys of these rows as text, KEY_LIMIT of them at most. They are for the person
    who ran the comparison, not for logs, so `repr` leaves them out.
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

    Raises StructureError when the source's table does not have the configured structure.
    """
    key = paging_key(table)
    core = load_core()
    with (
        driver_errors(source, warehouse, table.name),
        own_source_slot(warehouse, source),
        source_session.connect(source) as reading,
        schema.connect(warehouse, autocommit=True) as connection,
    ):
        live = check_live_table(reading, source, table, key)
        reader = PageReader(
            reading,
            table,
            core,
            key=key,
            live=live,
            reconnect=partial(source_session.reconnect, reading, source),
        )
        left = SourceSide(reader, core, key, average_row_bytes=live.average_row_bytes)
        right = WarehouseSide(connection, table, key)
        tally = _Tally(connection, table, key)
        for bounds, content in left.ranges():
            other = right.content(bounds)
            tally.count(content.row_count, other.row_count)
            if content != other:
                # Somebody may have changed rows between the two reads.
                tally.compare(bounds, left.tuples(bounds), right.tuples(bounds))
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


class _Tally:
    """Adds up what was found in the ranges."""

    def __init__(self, connection: WarehouseConnection, table: TableConfig, key: PagingKey) -> None:
        self._table = table
        names = [column.name for column in table.replicated_columns]
        self._key_positions = [names.index(column.name) for column in key.columns]
        types = [
            psycopg.postgres.types[column.warehouse_type.split("(")[0]] for column in key.columns
        ]
        transformer = Transformer(connection)
        self._loaders = [transformer.get_loader(t.oid, pq.Format.BINARY) for t in types]
        self._source_rows = self._warehouse_rows = 0
        self._missing = self._surplus = self._different = 0
        self._ranges: list[KeyRange] = []
        self._keys: list[str] = []

    def count(self, source_rows: int, warehouse_rows: int) -> None:
        """Add the rows of one range."""
        self._source_rows += source_rows
        self._warehouse_rows += warehouse_rows

    def compare(self, bounds: KeyRange, left: Sequence[Tuple], right: Sequence[Tuple]) -> None:
        """Find the rows in which a range differs."""
        only_left = Counter(left) - Counter(right)
        only_right = Counter(right) - Counter(left)
        if not only_left and not only_right:
            return
        self._ranges.append(bounds)
        if not self._key_positions:
            self._missing += only_left.total()
            self._surplus += only_right.total()
            return
        left_keys = {self._key(row) for row in only_left}
        right_keys = {self._key(row) for row in only_right}
        self._missing += len(left_keys - right_keys)
        self._surplus += len(right_keys - left_keys)
        self._different += len(left_keys & right_keys)
        room = KEY_LIMIT - len(self._keys)
        self._keys.extend(sorted(map(self._text, left_keys | right_keys))[:room])

    def result(self) -> Comparison:
        """Return what was found."""
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

    def _key(self, row: Tuple) -> _Key:
        cells = fields(row)
        return tuple(cells[at] for at in self._key_positions)

    def _text(self, key: _Key) -> str:
        return ", ".join(
            _readable(loader, cell) for cell, loader in zip(key, self._loaders, strict=True)
        )


def _readable(loader: Loader, cell: bytes | None) -> str:
    if cell is None:
        return "NULL"
    try:
        return str(loader.load(cell))
    except (UnicodeDecodeError, psycopg.DataError):
        # The source holds values that PostgreSQL or Python cannot, as bytes that are no UTF-8.
        return f"\\x{cell.hex()}"
