"""What a plan asks the source about its tables' content: how large they are, which are empty."""

from __future__ import annotations

from collections.abc import Sequence

import pymysql

from include.endpoints import Endpoint
from include.source.session import SourceConnection, quote, translate

TABLES_A_QUERY = 50


def read_sizes(connection: SourceConnection, endpoint: Endpoint) -> dict[str, int]:
    """Return the bytes of every table, as the server accounts them."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select table_name, coalesce(data_length, 0) + coalesce(index_length, 0) "
                "from information_schema.tables where table_schema = database()"
            )
            return {name: int(size) for name, size in cursor.fetchall()}
    except pymysql.MySQLError as error:
        raise translate(error, endpoint) from None


def find_empty(
    connection: SourceConnection, endpoint: Endpoint, tables: Sequence[str]
) -> frozenset[str]:
    """Return which of the tables hold no row at this moment."""
    empty = set()
    try:
        with connection.cursor() as cursor:
            for start in range(0, len(tables), TABLES_A_QUERY):
                batch = tables[start : start + TABLES_A_QUERY]
                cursor.execute(
                    " union all ".join(
                        f"select {position}, exists (select 1 from {quote(name)})"  # noqa: S608
                        for position, name in enumerate(batch)
                    )
                )
                empty |= {batch[int(position)] for position, some in cursor.fetchall() if not some}
    except pymysql.MySQLError as error:
        raise translate(error, endpoint) from None
    return frozenset(empty)
