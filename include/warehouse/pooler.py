"""Refuse a transaction pooler, which gives the transactions of one session to different backends.

Locks, temporary tables and settings belong to a backend. Behind a transaction pooler a table's lock
would stay on a backend that another client gets next, and two loads of a table could run at once.
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

# On a pooler without other clients one probe is enough; other clients may make one probe miss it.
PROBES = 3
ANSWER_LIMIT_SECONDS = 10

_PID = b"select pg_backend_pid()"
Connection = psycopg.Connection[tuple[Any, ...]]


def refuse_transaction_pooler(
    connection: Connection, endpoint: Endpoint, *, another: Callable[[], Connection]
) -> None:
    """Raise TerminalError when `connection`, which is idle and in autocommit, may change backends.

    Without a pooler, the process id from the connection's start is that of the backend that
    answers, and one query is enough. A pooler invents the process id. Then sessions from `another`,
    each with an open transaction, show whether the pooler gives the backend of `connection` to
    others. A pooler in session mode passes. Raises WarehouseError when no backend answers in time.
    """
    backends = {_backend(connection, endpoint)}
    if backends == {connection.info.backend_pid}:
        return
    for _ in range(PROBES):
        # Its open transaction keeps the backend that it got until the probe is closed.
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
    """Return the process id of the backend that answers.

    Waits for ANSWER_LIMIT_SECONDS at most: a pooler without a free backend does not answer.
    """
    link = connection.pgconn
    link.send_query(statement)
    limit = time.monotonic() + ANSWER_LIMIT_SECONDS
    answer: bytes | None = None
    while True:
        while link.is_busy():
            left = limit - time.monotonic()
            if left <= 0 or not select.select([link.socket], [], [], left)[0]:
                raise WarehouseError(
                    f"the warehouse answered nothing in {ANSWER_LIMIT_SECONDS} s: it hangs, or a "
                    "pooler in front of it had no backend for us. Nothing was written. Try again, "
                    "or give this account more of them (default_pool_size in PgBouncer).",
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
