"""An office in a practice database of its own: written there, or read from there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from include.endpoints import Endpoint
from simulator import writer
from simulator.journal import Journal, Value
from tests.transform.reports.practice import Practice


def fill_practice(endpoint: Endpoint, practice: Practice) -> None:
    """Make the database with all tables of Open Dental, and save the office's rows in it."""
    journal = Journal()
    for table, rows in practice.tables.items():
        for row in rows:
            journal.insert(table, **{column: _value(value) for column, value in row.items()})
    with writer.connect(endpoint) as connection:
        writer.create_database(connection, endpoint.database, engine=None)
        writer.save(connection, journal)


def read_practice(endpoint: Endpoint, tables: Iterable[str], today: date) -> Practice:
    """Return the rows of these tables as the second calculation reads them."""
    login = {name: getattr(endpoint, name) for name in ("host", "port", "user", "password")}
    with (
        pymysql.connect(**login, database=endpoint.database, cursorclass=DictCursor) as connection,
        connection.cursor() as cursor,
    ):
        read: dict[str, list[dict[str, Any]]] = {}
        for table in tables:
            cursor.execute(f"select * from `{table}`")
            read[table] = [
                {column: _read(value) for column, value in row.items()} for row in cursor
            ]
    return Practice(read, today)


def _read(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def _value(value: Any) -> Value:
    written: Value = str(value) if isinstance(value, Decimal | timedelta) else value
    return written
