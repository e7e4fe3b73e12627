"""Reads from the source how large its tables are, and which are empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.endpoints import Endpoint
from include.source.questions import ask_tables
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
    questions = {
        name: f"exists (select 1 from {quote(name)})"  # noqa: S608 - quoted
        for name in tables
    }
    with source_errors(endpoint), connection.cursor() as cursor:
        answers = ask_tables(cursor, questions)
    return frozenset(name for name, has_rows in answers if not has_rows)
