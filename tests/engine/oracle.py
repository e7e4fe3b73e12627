"""A second reader: typed rows of both databases, compared value by value.

It shares no code with the engine: PyMySQL converts the source's cells, psycopg the warehouse's,
and a few rules say what must become what.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from psycopg import sql
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from include.source.session import quote
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection
from tests.engine.practice import writing

Rows = Counter[tuple[Any, ...]]


@dataclass(frozen=True)
class Excluded:
    """What the config keeps from the warehouse: columns, and cells as (column, when, pattern)."""

    columns: Sequence[str] = ()
    cells: Sequence[tuple[str, str, str]] = ()


NOTHING = Excluded()


def assert_equal(
    source: Endpoint, warehouse: Endpoint, table: str, *, excluded: Excluded = NOTHING
) -> int:
    """Fail unless the living raw rows are the source's, value by value; return their number."""
    with (
        writing(source) as cursor,
        warehouse_session.connect(warehouse, autocommit=True) as connection,
    ):
        return compare(cursor, connection, table, excluded)


def compare(
    cursor: Cursor, connection: WarehouseConnection, table: str, excluded: Excluded = NOTHING
) -> int:
    """Do the same over open connections."""
    kinds = _kinds(cursor, table)
    expected = _source_rows(cursor, table, kinds, excluded)
    present = _raw_rows(connection, table, kinds, excluded)
    missing = expected - present
    surplus = present - expected
    assert missing.total() + surplus.total() == 0, (
        f"{table}: {missing.total()} rows missing, {surplus.total()} too many; "
        f"{_first_difference(missing, surplus)}"
    )
    return expected.total()


def _source_rows(cursor: Cursor, table: str, kinds: Mapping[str, str], excluded: Excluded) -> Rows:
    """Return the source's rows as they should stand in the warehouse."""
    expressions = [
        f"cast({quote(name)} as double)" if kind in ("float", "double") else quote(name)
        for name, kind in kinds.items()
    ]
    cursor.execute(f"select {', '.join(expressions)} from {quote(table)}")
    rows: Rows = Counter()
    for cells in cursor.fetchall():
        row = {
            name: None if cell is None else _SOURCE_RULES.get(kind, _same)(cell)
            for (name, kind), cell in zip(kinds.items(), cells, strict=True)
        }
        for column, when, pattern in excluded.cells:
            if re.search(pattern, row[when] or "", re.IGNORECASE):
                row[column] = None
        rows[tuple(cell for name, cell in row.items() if name not in excluded.columns)] += 1
    return rows


def _raw_rows(
    connection: WarehouseConnection, table: str, kinds: Mapping[str, str], excluded: Excluded
) -> Rows:
    """Return the living raw rows, in the source's column order."""
    kept = {name: kind for name, kind in kinds.items() if name not in excluded.columns}
    rows = connection.execute(
        sql.SQL("select {} from {} where _deleted_at is null").format(
            sql.SQL(", ").join(sql.Identifier(name.lower()) for name in kept),
            sql.Identifier("raw", table.lower()),
        )
    ).fetchall()
    rules = [_RAW_RULES.get(kind, _same) for kind in kept.values()]
    return Counter(
        tuple(None if cell is None else rule(cell) for rule, cell in zip(rules, row, strict=True))
        for row in rows
    )


def _kinds(cursor: Cursor, table: str) -> dict[str, str]:
    cursor.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = database() and table_name = %s order by ordinal_position",
        (table,),
    )
    return {str(name): str(kind).lower() for name, kind in cursor.fetchall()}


def _first_difference(missing: Rows, surplus: Rows) -> str:
    if not missing or not surplus:
        return "only one side has them"
    left, right = min(missing, key=repr), min(surplus, key=repr)
    return next(
        (
            f"column {at}: {one!r} and {other!r}"
            for at, (one, other) in enumerate(zip(left, right, strict=True))
            if one != other
        ),
        "rows differ in number only",
    )


def _same(cell: Any) -> Any:
    return cell


def _text(cell: str) -> str:
    return cell.replace("\0", "")


def _date(cell: date | str) -> date | None:
    # PyMySQL leaves a date that does not exist as text.
    return None if isinstance(cell, str) else cell


def _instant(cell: datetime | str) -> datetime | None:
    return None if isinstance(cell, str) else cell.replace(tzinfo=UTC)


def _bits(cell: bytes) -> int:
    return int.from_bytes(cell, "big")


def _double(cell: float) -> bytes:
    return struct.pack("<d", cell)


def _single(cell: float) -> bytes:
    return struct.pack("<f", cell)


def _seconds(cell: timedelta) -> int:
    return cell // timedelta(microseconds=1)


_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json")
_BLOBS = ("tinyblob", "blob", "mediumblob", "longblob", "binary", "varbinary")
_SOURCE_RULES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TEXTS, _text),
    "date": _date,
    "datetime": _date,
    "timestamp": _instant,
    "bit": _bits,
    "double": _double,
    "float": _single,
    "time": _seconds,
    "uuid": UUID,
    "inet4": ip_address,
    "inet6": ip_address,
}
_RAW_RULES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_BLOBS, bytes),
    "bit": lambda cell: int(cell, 2),
    "double": _double,
    "float": _single,
    "time": _seconds,
}
