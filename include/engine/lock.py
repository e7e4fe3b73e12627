"""One loader per table: an advisory lock on a connection of its own.

The lock belongs to the session, so that it outlives the load's transactions and is freed by the
server when the process dies. The same session records the load's state outside its transactions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from include.endpoints import Endpoint
from include.errors import WarehouseError
from include.warehouse.session import WarehouseConnection, connect

WAIT_LIMIT_SECONDS = 120


@contextmanager
def table_lock(warehouse: Endpoint, raw_name: str) -> Iterator[WarehouseConnection]:
    """Hold the table's lock and yield the autocommit session that holds it.

    Waits up to WAIT_LIMIT_SECONDS for another loader, then raises WarehouseError.
    """
    with connect(warehouse, autocommit=True) as connection:
        connection.execute(
            sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{WAIT_LIMIT_SECONDS}s"))
        )
        try:
            connection.execute("select pg_advisory_lock(%s)", (_lock_number(raw_name),))
        except psycopg.errors.LockNotAvailable:
            raise WarehouseError(
                f"another load of this table is still running after {WAIT_LIMIT_SECONDS} s of "
                "waiting. Nothing was changed by this one. Try again when the other has ended; "
                "ops.table_load names its run (state running).",
                where=f"table {raw_name}",
            ) from None
        yield connection


def check_lock(connection: WarehouseConnection, raw_name: str) -> None:
    """Raise WarehouseError when the session that holds the lock is gone, and the lock with it."""
    try:
        connection.execute("select 1")
    except psycopg.OperationalError:
        raise WarehouseError(
            "the session that keeps other loads of this table away was cut. What was not yet "
            "committed is rolled back. Try again.",
            where=f"table {raw_name}",
        ) from None


def _lock_number(raw_name: str) -> int:
    digest = hashlib.blake2b(f"load {raw_name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
