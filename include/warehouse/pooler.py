"""Refuse a pooler that gives the transactions of one session to different backends.

Locks, temporary tables and settings belong to a session. Behind a transaction pooler a table's
lock would be left on a backend that somebody else gets next, and two loads would run at once.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import pq

from include.endpoints import Endpoint
from include.errors import TerminalError, WarehouseError

# One probe decides when nobody else uses the pooler; others in between may hide it from one.
PROBES = 3
ANSWER_LIMIT_SECONDS = 10

_PID = b"select pg_backend_pid()"
Connection = psycopg.Connection[tuple[Any, ...]]


def refuse_transaction_pooler(
    connection: Connection, endpoint: Endpoint, *, another: Callable[[], Connection]
) -> None:
    """Raise TerminalError when `connection` is no session of its own; it is idle, in autocommit.

    A server itself names the backend that answers, and costs one question. A pooler invents the
    number; then sessions from `another`, which hold transactions, show whether a backend can be
    taken away from us. A pooler in session mode passes.
    """
    backends = {_backend(connection, endpoint)}
    if backends == {connection.info.backend_pid}:
        return
    for _ in range(PROBES):
        # Its transaction keeps whatever backend it got, until it is closed.
        with another() as probe:
            taken = _backend(probe, endpoint, statement=b"begin; " + _PID)
            if taken not in backends:
                backends.add(_backend(connection, endpoint))
            probe.pgconn.finish()
        if taken in backends or len(backends) > 1:
            raise TerminalError(
                "a pooler in front of the warehouse gives one session's transactions to different "
                "backends, where locks mean nothing. Nothing was written. Connect to the server "
                "itself, or let the pooler serve this account in session mode (pool_mode = "
                "session in PgBouncer).",
                where=endpoint.name,
            )


def _backend(connection: Connection, endpoint: Endpoint, *, statement: bytes = _PID) -> int:
    """Return the backend that answers; a pooler without a free one must not hang us."""
    link = connection.pgconn
    link.send_query(statement)
    limit = time.monotonic() + ANSWER_LIMIT_SECONDS
    answer: bytes | None = None
    while True:
        while link.is_busy():
            left = limit - time.monotonic()
            if left <= 0 or not select.select([link.socket], [], [], left)[0]:
                raise WarehouseError(
                    f"the pooler in front of the warehouse had no backend for us in "
                    f"{ANSWER_LIMIT_SECONDS} s. Nothing was written. Try again, or give this "
                    "account more of them (default_pool_size in PgBouncer).",
                    where=endpoint.name,
                )
            link.consume_input()
        result = link.get_result()
        if result is None:
            break
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise TerminalError(
                f"the warehouse, or a pooler in front of it, refuses a transaction (SQLSTATE "
                f"{(result.error_field(pq.DiagnosticField.SQLSTATE) or b'none').decode()}). "
                "Nothing was written. Connect to the server itself, or let the pooler serve this "
                "account in session mode (pool_mode = session in PgBouncer).",
                where=endpoint.name,
            )
        if result.ntuples:
            answer = result.get_value(0, 0)
    return int(answer or 0)
