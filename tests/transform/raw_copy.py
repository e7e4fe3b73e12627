"""A practice database copied into raw without the engine.

The engine has its own tests; here the copy is so plain that an error of the engine cannot hide one
of the models. Only tables with a staging model are copied.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pymysql
from psycopg import sql

from include.endpoints import Endpoint
from include.open_dental.schema import Column, Table, tables
from include.source.session import quote
from include.transform.naming import entities, excluded_columns
from include.warehouse.session import connect
from tests.ops.gates import OPEN_GATES

TYPES = {
    "tinyint": "smallint",
    "smallint": "smallint",
    "mediumint": "integer",
    "int": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "float": "real",
    "date": "date",
    "datetime": "timestamp",
    "timestamp": "timestamptz",
    "time": "interval",
    "longblob": "bytea",
}


def copy_practice(source: Endpoint, warehouse: Endpoint) -> None:
    """Make `raw` hold what the practice database holds, every table loaded and publishable."""
    with connect(warehouse) as target:
        with pymysql.connect(
            host=source.host,
            port=source.port,
            user=source.user,
            password=source.password,
            database=source.database,
            charset="utf8mb4",
            cursorclass=pymysql.cursors.SSCursor,
        ) as practice:
            for name in entities():
                _copy_table(practice, target, tables()[name])
        target.execute(OPEN_GATES + ", state = 'loaded', batch_id = nextval('ops.batch_id')")


def create_raw(target: psycopg.Connection[tuple[Any, ...]], table: Table) -> list[Column]:
    """Create one empty raw table; return the columns that it holds."""
    kept = [c for c in table.columns if c.name not in excluded_columns(table.name)]
    columns = [
        sql.SQL("{} " + _type(column)).format(sql.Identifier(column.name.lower()))
        for column in kept
    ]
    target.execute(
        sql.SQL(
            "create table if not exists raw.{} ({}, _loaded_at timestamptz default now(),"
            " _batch_id bigint default 1, _deleted_at timestamptz)"
        ).format(sql.Identifier(table.name), sql.SQL(", ").join(columns))
    )
    target.execute(
        "insert into ops.table_state (table_name) values (%s) on conflict do nothing", (table.name,)
    )
    return kept


def _copy_table(
    practice: pymysql.Connection[Any],
    target: psycopg.Connection[tuple[Any, ...]],
    table: Table,
) -> None:
    kept = create_raw(target, table)
    target.execute(sql.SQL("truncate raw.{}").format(sql.Identifier(table.name)))
    names = [column.name for column in kept]
    statement = sql.SQL("copy raw.{} ({}) from stdin").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(n.lower()) for n in names)
    )
    with practice.cursor() as rows, target.cursor() as cursor:
        rows.execute(f"select {', '.join(map(quote, names))} from {quote(table.name)}")
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([_value(value) for value in row])


def _type(column: Column) -> str:
    base = column.type.split("(")[0].split(" ")[0]
    wider = {"smallint": "integer", "int": "bigint"}
    if "unsigned" in column.type and base in wider:
        return wider[base]
    return TYPES.get(base, "text")


def _value(value: Any) -> Any:
    # The driver hands out dates that PostgreSQL cannot hold as text.
    if isinstance(value, str) and value.startswith("0000-00-00"):
        return None
    return value.replace("\0", "") if isinstance(value, str) else value
