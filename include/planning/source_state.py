"""Reads from the source how large its tables are, and which are empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pymysql
from pymysql.cursors import Cursor

from include.discovery.profile import TABLES_A_QUERY, is_of_one_table
from include.endpoints import Endpoint
from include.source.session import SourceConnection, quote, source_errors


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table's bytes, with indexes, and rows in information_schema; some engines estimate them."""

    byte_count: int
    row_count: int


def read_sizes(connection: SourceConnection, endpoint: Endpoint) -> dict[str, TableSize]:
    """Return the size of every table."""
    with source_errors(endpoint), connection.cursor() as cursor:
        cursor.execute(
            """
            select
                table_name,
                coalesce(data_length, 0) + coalesce(index_length, 0),
                coalesce(table_rows, 0)
            from information_schema.tables
            where table_schema = database()
            """
        )
        return {
            name: TableSize(int(byte_count), int(row_count))
            for name, byte_count, row_count in cursor.fetchall()
        }


def find_empty(
    connection: SourceConnection, endpoint: Endpoint, tables: Sequence[str]
) -> frozenset[str]:
    """Return which of the tables hold no row at this moment.

    A table that the server cannot read is not among them: its load fails with the reason.
    """
    empty: set[str] = set()
    with source_errors(endpoint), connection.cursor() as cursor:
        for start in range(0, len(tables), TABLES_A_QUERY):
            empty |= _empty(cursor, tables[start : start + TABLES_A_QUERY])
    return frozenset(empty)


def _empty(cursor: Cursor, names: Sequence[str]) -> set[str]:
    queries = [
        f"select {n}, exists (select 1 from {quote(name)})"  # noqa: S608 - quoted
        for n, name in enumerate(names)
    ]
    try:
        cursor.execute(" union all ".join(queries))
        return {names[int(n)] for n, has_rows in cursor.fetchall() if not has_rows}
    except pymysql.MySQLError as error:
        if not is_of_one_table(error):
            raise
    return set().union(*(_empty(cursor, [name]) for name in names)) if len(names) > 1 else set()
