"""PostgreSQL's binary COPY, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from psycopg import sql

from include.warehouse.session import WarehouseConnection

# The format's signature, flags and header extension; and what stands behind the last row.
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

Write = Callable[[bytes | bytearray | memoryview], None]


@contextmanager
def copy_into(
    connection: WarehouseConnection, target: sql.Composable, columns: Sequence[str]
) -> Iterator[Write]:
    """Open a COPY into a table; what is written are whole rows, any number of them at once."""
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(HEADER)
        yield copy.write
        copy.write(TRAILER)
