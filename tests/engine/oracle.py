"""A second reader: typed rows of both databases, compared value by value.

It shares no code with the engine: PyMySQL converts the source's cells, psycopg the warehouse's,
and a few rules say what must become what.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from include.endpoints import Endpoint
from include.warehouse import session as warehouse_session
from tests.engine.practice import writing

Rows = Counter[tuple[Any, ...]]


def assert_equal(
    source: Endpoint, warehouse: Endpoint, table: str, *, excluded: Sequence[str] = ()
) -> int:
    """Fail unless the living raw rows are the source's, value by value; return their number."""
    expected = source_rows(source, table, excluded=excluded)
    present = raw_rows(warehouse, table, excluded=excluded, source=source)
    missing = expected - present
    surplus = present - expected
    assert missing.total() + surplus.total() == 0, (
        f"{table}: {missing.total()} rows missing, {surplus.total()} too many; "
        f"{_first_difference(missing, surplus)}"
    )
    return expected.total()


def source_rows(source: Endpoint, table: str, *, excluded: Sequence[str] = ()) -> Rows:
    """Return the source's rows as they should stand in the warehouse."""
    kinds = _kinds(source, table, excluded)
    expressions = [
        f"cast(`{name}` as double)" if kind in ("float", "double") else f"`{name}`"
        for name, kind in kinds
    ]
    with writing(source) as cursor:
        cursor.execute(f"select {', '.join(expressions)} from `{table}`")
        rules = [_SOURCE_RULES.get(kind, _same) for _, kind in kinds]
        return Counter(
            tuple(
                None if cell is None else rule(cell) for rule, cell in zip(rules, row, strict=True)
            )
            for row in cursor.fetchall()
        )


def raw_rows(
    warehouse: Endpoint, table: str, *, source: Endpoint, excluded: Sequence[str] = ()
) -> Rows:
    """Return the living raw rows, in the source's column order."""
    kinds = _kinds(source, table, excluded)
    columns = ", ".join('"' + name.lower() + '"' for name, _ in kinds)
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        rows = connection.execute(
            f'select {columns} from raw."{table.lower()}" where _deleted_at is null'.encode()
        ).fetchall()
    rules = [_RAW_RULES.get(kind, _same) for _, kind in kinds]
    return Counter(
        tuple(None if cell is None else rule(cell) for rule, cell in zip(rules, row, strict=True))
        for row in rows
    )


def _kinds(source: Endpoint, table: str, excluded: Sequence[str]) -> list[tuple[str, str]]:
    with writing(source) as cursor:
        cursor.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = database() and table_name = %s order by ordinal_position",
            (table,),
        )
        return [(name, kind.lower()) for name, kind in cursor.fetchall() if name not in excluded]


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
}
_RAW_RULES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_BLOBS, bytes),
    "bit": lambda cell: int(cell, 2),
    "double": _double,
    "float": _single,
    "time": _seconds,
}
