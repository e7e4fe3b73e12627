"""An office straight into `raw`, without a practice database and without the engine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC
from functools import cache
from typing import Any

from psycopg import sql

from include.open_dental.schema import Column, tables
from include.transform.naming import excluded_columns
from include.warehouse.session import WarehouseConnection
from tests.ops.gates import OPEN_GATES
from tests.transform.raw_copy import create_raw
from tests.transform.reports.practice import Practice, Row


def create_tables(connection: WarehouseConnection, names: Collection[str]) -> None:
    """Create empty raw tables that are loaded and may be read."""
    for name in sorted(names):
        create_raw(connection, tables()[name])
    connection.execute(OPEN_GATES + ", state = 'loaded', batch_id = nextval('ops.batch_id')")


def fill_tables(
    connection: WarehouseConnection, practice: Practice, names: Collection[str]
) -> None:
    """Copy the rows of an office into empty raw tables, as the source holds them."""
    for name in sorted(names):
        if rows := practice.rows(name):
            _copy(connection, name, rows)


def _copy(connection: WarehouseConnection, name: str, rows: Sequence[Row]) -> None:
    columns = _held_columns(name)
    statement = sql.SQL("copy raw.{} ({}) from stdin").format(
        sql.Identifier(name), sql.SQL(", ").join(sql.Identifier(c.name.lower()) for c in columns)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_value(row[column.name], column) for column in columns])


@cache
def _held_columns(name: str) -> Sequence[Column]:
    excluded = excluded_columns(name)
    return [column for column in tables()[name].columns if column.name not in excluded]


def _value(value: Any, column: Column) -> Any:
    return value.replace(tzinfo=UTC) if column.data_type == "timestamp" else value
