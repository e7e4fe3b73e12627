"""An office in a practice database: one that is filled from rows, or whose rows are read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pymysql

from include.endpoints import Endpoint
from include.open_dental.schema import Column, Table, tables
from include.source.session import quote
from simulator import writer
from simulator.journal import Journal, Value
from tests.transform.reports.practice import EMPTY, EMPTY_MOMENT, Practice, Row


def fill_practice(endpoint: Endpoint, practice: Practice) -> None:
    """Make the database with all tables of Open Dental, and save the office's rows in it."""
    journal = Journal()
    for table, rows in practice.tables.items():
        for row in rows:
            journal.insert(table, **{column: _value(value) for column, value in row.items()})
    with writer.connect(endpoint) as connection:
        writer.create_database(connection, endpoint.database, engine=None)
        writer.save(connection, journal)


def read_practice(endpoint: Endpoint, today: date) -> Practice:
    """Read all rows of a practice database as the second calculation takes them."""
    with pymysql.connect(
        host=endpoint.host,
        port=endpoint.port,
        user=endpoint.user,
        password=endpoint.password,
        database=endpoint.database,
        charset="utf8mb4",
        init_command="set session time_zone = '+00:00'",
    ) as connection:
        cursor = connection.cursor()
        return Practice({name: _rows(cursor, table) for name, table in tables().items()}, today)


def _rows(cursor: pymysql.cursors.Cursor, table: Table) -> list[Row]:
    columns = ", ".join(quote(column.name) for column in table.columns)
    cursor.execute(f"select {columns} from {quote(table.name)}")
    return [
        {
            column.name: _read_value(value, column)
            for column, value in zip(table.columns, row, strict=True)
        }
        for row in cursor.fetchall()
    ]


def _read_value(value: Any, column: Column) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    # The driver hands out dates of no calendar as text.
    if isinstance(value, str) and column.data_type == "date":
        return EMPTY
    if isinstance(value, str) and column.data_type in ("datetime", "timestamp"):
        return EMPTY_MOMENT
    return value.replace("\0", "") if isinstance(value, str) else value


def _value(value: Any) -> Value:
    written: Value = str(value) if isinstance(value, Decimal | timedelta) else value
    return written
