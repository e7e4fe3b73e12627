"""The engine's slow twin: text protocol, one row after the other, plain rules, and a model of raw.

It shares no code with the fast path. A table is read with PyMySQL's plain cursor without any
conversion; each cell becomes text that PostgreSQL parses into a table of its own; and what a load
must do to the raw rows is worked out from the rows before and the rows now.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pymysql
from psycopg import sql

from include.endpoints import Endpoint
from include.source.session import quote

Cells = tuple[str | None, ...]
Substitutions = Counter[tuple[str, str]]

_HELD_AS = {
    "tinyint": ("smallint", "smallint"),
    "smallint": ("smallint", "integer"),
    "mediumint": ("integer", "integer"),
    "int": ("integer", "bigint"),
    "bigint": ("bigint", "numeric(20,0)"),
    "year": ("smallint", "smallint"),
    "float": ("real", "real"),
    "double": ("double precision", "double precision"),
    "date": ("date", "date"),
    "datetime": ("timestamp without time zone", "timestamp without time zone"),
    "timestamp": ("timestamp with time zone", "timestamp with time zone"),
    "time": ("interval", "interval"),
    "uuid": ("uuid", "uuid"),
    "inet4": ("inet", "inet"),
    "inet6": ("inet", "inet"),
}
_BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")


@dataclass(frozen=True)
class Column:
    """A column as the source declares it, and the PostgreSQL type that must hold it."""

    name: str
    data_type: str
    held_as: str


@dataclass(frozen=True)
class RawRow:
    """A raw row as PostgreSQL writes it; `version` changes whenever somebody writes it."""

    cells: Cells
    is_deleted: bool
    batch_id: int
    version: str


@dataclass(frozen=True)
class Expected:
    """What a load must do: rows by the reason, the values it restates by, and raw afterwards."""

    inserted: int
    changed: int
    undeleted: int
    deleted: int
    moved: Counter[Cells]
    after: Counter[tuple[Cells, bool]]
    untouched: Counter[Cells]


def columns_of(source: Endpoint, table: str) -> list[Column]:
    """Read the declarations and say what must hold each."""
    with _plain_cursor(source) as cursor:
        cursor.execute(
            "select column_name, data_type, column_type from information_schema.columns "
            "where table_schema = database() and table_name = %s order by ordinal_position",
            (table,),
        )
        return [
            Column(name, kind, _held_as(kind, declared))
            for name, kind, declared in cursor.fetchall()
        ]


def copy_plainly(
    source: Endpoint,
    warehouse: psycopg.Connection[tuple[Any, ...]],
    table: str,
    columns: Sequence[Column],
) -> Substitutions:
    """Copy the table into the schema `reference`, row by row; return what rules changed."""
    target = sql.Identifier("reference", table.lower())
    warehouse.execute("create schema if not exists reference")
    warehouse.execute(sql.SQL("drop table if exists {}").format(target))
    held = [
        sql.SQL("{} {}").format(sql.Identifier(c.name.lower()), sql.SQL(c.held_as)) for c in columns
    ]
    warehouse.execute(sql.SQL("create table {} ({})").format(target, sql.SQL(", ").join(held)))
    insert = sql.SQL("insert into {} values ({})").format(
        target, sql.SQL(", ").join(sql.SQL("%s::" + c.held_as) for c in columns)
    )
    substitutions: Substitutions = Counter()
    names = ", ".join(_expression(column) for column in columns)
    with _plain_cursor(source) as cursor, warehouse.cursor() as writing:
        cursor.execute(f"select {names} from {quote(table)}")
        while (row := cursor.fetchone()) is not None:
            cells = [
                _written(column, cell, substitutions)
                for column, cell in zip(columns, row, strict=True)
            ]
            writing.execute(insert, cells)
    return substitutions


def texts(
    warehouse: psycopg.Connection[tuple[Any, ...]], table: str, columns: Sequence[Column]
) -> Counter[Cells]:
    """Return the plain copy as PostgreSQL writes it."""
    statement = sql.SQL("select {} from {}").format(
        _as_texts(columns), sql.Identifier("reference", table.lower())
    )
    return Counter(warehouse.execute(statement).fetchall())


def raw_rows(
    warehouse: psycopg.Connection[tuple[Any, ...]], table: str, columns: Sequence[Column]
) -> list[RawRow]:
    """Return the raw rows, tombstones too, as PostgreSQL writes them; at first there are none."""
    found = warehouse.execute("select to_regclass(%s)", (f'raw."{table.lower()}"',)).fetchone()
    if found == (None,):
        return []
    statement = sql.SQL(
        "select _deleted_at is not null, _batch_id, ctid::text || xmin::text, {} from {}"
    ).format(_as_texts(columns), sql.Identifier("raw", table.lower()))
    return [
        RawRow(tuple(cells), is_deleted, batch_id, version)
        for is_deleted, batch_id, version, *cells in warehouse.execute(statement).fetchall()
    ]


def raw_types(warehouse: psycopg.Connection[tuple[Any, ...]], table: str) -> dict[str, str]:
    """Return the types of the raw table's columns, bookkeeping left out."""
    rows = warehouse.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and attname !~ '^_' order by attnum",
        (f'raw."{table.lower()}"',),
    )
    return dict(rows.fetchall())


def expected_of(
    before: Sequence[RawRow], now: Counter[Cells], key: Sequence[int] | None
) -> Expected:
    """Work out a load from the rows before and the source's rows now; no key is a multiset."""
    return _by_key(before, now, key) if key is not None else _by_content(before, now)


def _by_key(before: Sequence[RawRow], now: Counter[Cells], key: Sequence[int]) -> Expected:
    old = {tuple(row.cells[at] for at in key): row for row in before}
    new = {tuple(cells[at] for at in key): cells for cells in now}
    assert len(old) == len(before)
    assert len(new) == now.total()
    reasons: Counter[str] = Counter()
    moved: Counter[Cells] = Counter()
    for found in old.keys() | new.keys():
        was, cells = old.get(found), new.get(found)
        if was is None:
            reasons["inserted"] += 1
        elif cells is None:
            if was.is_deleted:
                continue
            reasons["deleted"] += 1
        elif was.is_deleted:
            reasons["undeleted"] += 1
        elif was.cells != cells:
            reasons["changed"] += 1
        else:
            continue
        moved.update([row for row in (was.cells if was else None, cells) if row is not None])
    after = Counter((cells, False) for cells in new.values())
    after.update((row.cells, True) for found, row in old.items() if found not in new)
    untouched = Counter(
        row.cells for k, row in old.items() if not row.is_deleted and new.get(k) == row.cells
    )
    return Expected(
        reasons["inserted"],
        reasons["changed"],
        reasons["undeleted"],
        reasons["deleted"],
        moved,
        after,
        untouched,
    )


def _by_content(before: Sequence[RawRow], now: Counter[Cells]) -> Expected:
    alive = Counter(row.cells for row in before if not row.is_deleted)
    dead = Counter(row.cells for row in before if row.is_deleted)
    deleted = alive - now
    undeleted = (now - alive) & dead
    inserted = now - alive - undeleted
    after = Counter({(cells, False): count for cells, count in now.items()})
    after.update({(cells, True): count for cells, count in (dead - undeleted + deleted).items()})
    return Expected(
        inserted.total(),
        0,
        undeleted.total(),
        deleted.total(),
        inserted + undeleted + deleted,
        after,
        alive & now,
    )


def _plain_cursor(source: Endpoint) -> Any:
    # Without conversions numbers, dates and times stay the text that the server sent.
    connection = pymysql.connect(
        host=source.host,
        port=source.port,
        user=source.user,
        password=source.password,
        database=source.database,
        charset="utf8mb4",
        conv={},
        init_command="set time_zone = '+00:00', sql_mode = ''",
    )
    return _Closing(connection)


class _Closing:
    """A cursor that takes its connection with it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Any:
        return self._connection.cursor()

    def __exit__(self, *_error: object) -> None:
        self._connection.close()


def _expression(column: Column) -> str:
    # The text of a float has six digits; a double's product has all that it takes.
    name = quote(column.name)
    return f"{name} * 1e0" if column.data_type in ("float", "double") else name


def _held_as(kind: str, declared: str) -> str:
    if kind in _HELD_AS:
        is_unsigned = re.search(r"unsigned|zerofill", declared) is not None
        return _HELD_AS[kind][is_unsigned]
    if kind == "decimal":
        digits = re.findall(r"\d+", declared)
        return f"numeric({digits[0]},{digits[1]})"
    if kind == "bit":
        return declared
    return "bytea" if kind in _BYTES else "text"


def _written(column: Column, cell: str | bytes | None, counts: Substitutions) -> str | None:
    """Return the text from which PostgreSQL makes the value that it must hold."""
    name = column.name.lower()
    if cell is None:
        return None
    if column.data_type == "bit":
        assert isinstance(cell, bytes)
        width = int(re.sub(r"\D", "", column.held_as))
        return format(int.from_bytes(cell, "big"), "b").zfill(width)
    if isinstance(cell, bytes):
        return "\\x" + cell.hex()
    if column.data_type in ("date", "datetime", "timestamp"):
        try:
            date.fromisoformat(cell[:10])
        except ValueError:
            rule = "zero_date" if cell.startswith("0000-00-00") else "impossible_date"
            counts[name, rule] += 1
            return None
        return cell + "+00" if column.data_type == "timestamp" else cell
    if "\0" in cell:
        counts[name, "nul_character"] += 1
        return cell.replace("\0", "")
    return cell


def _as_texts(columns: Sequence[Column]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(column.name.lower())) for column in columns
    )
