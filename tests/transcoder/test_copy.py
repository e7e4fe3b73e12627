"""PostgreSQL takes the tuples in and holds the source's values."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import sql

from include.endpoints import Endpoint
from include.transcoder.core import load_core
from include.warehouse import session
from tests.transcoder.wire_rows import (
    COLUMN_KINDS,
    LAYOUT,
    NAMED,
    Value,
    row,
    rows_of,
    table_of,
    transcode_all,
)

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"


@pytest.fixture
def sample(warehouse: Endpoint) -> Iterator[session.WarehouseConnection]:
    """A connection with a temporary table of every type, and two columns for a suffix."""
    with session.connect(warehouse, autocommit=True) as connection:
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.warehouse_type))
            for name, kind in NAMED
        ]
        connection.execute(
            sql.SQL("create temporary table sample ({}, loaded bigint, gone timestamptz)").format(
                sql.SQL(", ").join(columns)
            )
        )
        yield connection


def copied(connection: session.WarehouseConnection, tuples: bytes) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("truncate sample")
        with cursor.copy("copy sample from stdin (format binary)") as copy:
            copy.write(COPY_HEADER + tuples + COPY_TRAILER)
    # In binary, real and double precision arrive bit for bit; bits have no binary reader.
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text" if kind.warehouse_type.startswith("bit") else "{}").format(
            sql.Identifier(name)
        )
        for name, kind in NAMED
    )
    statement = sql.SQL("select {}, loaded, gone from sample order by ctid").format(columns)
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(statement).fetchall()


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=rows_of(COLUMN_KINDS))
def test_postgresql_reads_the_values_of_the_source(
    sample: session.WarehouseConnection, rows: list[list[Value]]
) -> None:
    buffer, table = table_of([row(values) for values in rows])
    layout = LAYOUT.with_suffix(struct.pack(">iqi", 8, 4711, -1), 2)
    tuples, _ = transcode_all(load_core(compiled=True), buffer, table, layout)
    expected = [(*(exact(value.expected) for value in values), "4711", "None") for values in rows]
    assert [tuple(map(exact, found)) for found in copied(sample, tuples)] == expected


def exact(value: object) -> object:
    """Tell apart what Python takes for equal: -0.0 and 0.0, 1.0 and 1.00, 1 and True."""
    return value.isoformat() if isinstance(value, dt.datetime) else repr(value)
