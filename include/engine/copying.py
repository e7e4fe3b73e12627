"""PostgreSQL's binary COPY, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from psycopg import sql

from include.warehouse.session import WarehouseConnection

# The signature, the flags and an empty header extension; the trailer follows the last row.
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

Write = Callable[[bytes | bytearray | memoryview], None]


@contextmanager
def copy_into(
    connection: WarehouseConnection, target: sql.Composable, columns: Sequence[str]
) -> Iterator[Write]:
    """Open a COPY into a table. Each write takes any number of rows, but no half of one."""
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(HEADER)
        yield copy.write
        copy.write(TRAILER)
