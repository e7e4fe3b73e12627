"""A limit on the sessions that all tasks together hold on the practice's server.

A slot is an advisory lock in the warehouse, so that the limit holds across processes and machines,
and a task that dies frees its slot. Take a slot before any table's lock, so that no task waits for
a slot while it holds a table.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from include.endpoints import Endpoint
from include.sessions.locks import lock_session
from include.source.pace import CONNECTIONS_OPTION, connection_limit
from include.warehouse.session import WarehouseConnection

POLL_SECONDS = 0.5
LOG_EVERY_POLLS = 120

log = logging.getLogger(__name__)


@contextmanager
def source_slot(connection: WarehouseConnection, source: Endpoint) -> Iterator[None]:
    """Hold one of the source's `max_connections` slots; without that option do nothing.

    Waits without a limit and logs that it does. `connection` is a session on the warehouse that
    must stay open meanwhile; it may hold several slots.
    """
    limit = connection_limit(source)
    if limit is None:
        yield
        return
    server = _server_number(source)
    polls = 0
    while (slot := _take(connection, server, limit)) is None:
        if polls % LOG_EVERY_POLLS == 0:
            log.info(
                "waiting for one of %s sessions on %s (%s): other tasks hold them all",
                limit,
                source.name,
                CONNECTIONS_OPTION,
            )
        polls += 1
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        # If the session has ended, the server has released the slot.
        with suppress(psycopg.OperationalError, psycopg.InterfaceError):
            connection.execute("select pg_advisory_unlock(%s, %s)", (server, slot))


@contextmanager
def own_source_slot(warehouse: Endpoint, source: Endpoint) -> Iterator[None]:
    """Hold a slot as `source_slot` does, on a session of its own; opens none without a limit."""
    if connection_limit(source) is None:
        yield
        return
    with lock_session(warehouse) as locks, source_slot(locks.connection, source):
        yield


def _take(connection: WarehouseConnection, server: int, limit: int) -> int | None:
    # A session can take an advisory lock that it holds once more, so its own slots are left out.
    own = connection.execute(
        """
        select objid::bigint
        from pg_locks
        where locktype = 'advisory' and objsubid = 2 and pid = pg_backend_pid() and classid = %s
        """,
        (server % 2**32,),
    ).fetchall()
    # One query a slot: a query over all slots may take more locks than it returns rows.
    for slot in sorted(set(range(1, limit + 1)) - {int(number) for (number,) in own}):
        row = connection.execute("select pg_try_advisory_lock(%s, %s)", (server, slot)).fetchone()
        if row is not None and row[0]:
            return slot
    return None


def _server_number(source: Endpoint) -> int:
    """Return a number that depends on the server only, not on the account or the database."""
    address = f"source {source.host}:{source.port}".encode()
    return int.from_bytes(hashlib.blake2b(address, digest_size=4).digest(), signed=True)
