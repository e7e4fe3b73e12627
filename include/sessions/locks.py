"""One loader per table: advisory locks on a session of their own, kept alive by a heartbeat.

The lock belongs to a session, so that it outlives the load's transactions and is freed by the
server when the process dies. A process that is stopped, or that a dead network cuts off, sends no
heartbeat: the server then ends the session by its own clock, and another loader gets through. It
first ends the working session that the lost loader may have left behind.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from include.endpoints import Endpoint
from include.errors import WarehouseError
from include.ops import schema
from include.warehouse.session import APPLICATION_NAME, WarehouseConnection

WAIT_LIMIT_SECONDS = 120
# The server's limit for a session that says nothing, and how often a living process speaks.
SILENCE_LIMIT_SECONDS = 60
HEARTBEAT_SECONDS = 15
# The transaction of the session that writes may say nothing for six minutes.
WRITER_SILENCE_SECONDS = 60
# idle_session_timeout came with PostgreSQL 14; before it only keepalives end a lost session.
SILENCE_LIMIT_SINCE = 140_000
# How pg_stat_activity tells these sessions from those that write.
LOCK_APPLICATION_NAME = f"{APPLICATION_NAME} locks"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kind:
    """The statements of one kind of advisory lock."""

    lock: LiteralString
    attempt: LiteralString
    unlock: LiteralString


_EXCLUSIVE = _Kind(
    "select pg_advisory_lock(%s)",
    "select pg_try_advisory_lock(%s)",
    "select pg_advisory_unlock(%s)",
)
_SHARED = _Kind(
    "select pg_advisory_lock_shared(%s)",
    "select pg_try_advisory_lock_shared(%s)",
    "select pg_advisory_unlock_shared(%s)",
)


class LockSession:
    """An autocommit session that holds locks; its heartbeat notices when the server ended it."""

    def __init__(self, connection: WarehouseConnection) -> None:
        self.connection = connection
        self._is_lost = threading.Event()
        self._is_over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lock heartbeat", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Whether the session, and every lock with it, is known to be gone. Asks nobody."""
        return self._is_lost.is_set() or self.connection.closed

    def start(self) -> None:
        """Start the heartbeat."""
        self._heart.start()

    def stop(self) -> None:
        """Stop the heartbeat and wait for a beat that is under way."""
        self._is_over.set()
        self._heart.join()

    def ask(self) -> bool:
        """Ask the server whether the session still lives."""
        try:
            self.connection.execute("select 1")
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self._is_lost.set()
        return not self.is_lost

    def _beat(self) -> None:
        while not self._is_over.wait(HEARTBEAT_SECONDS):
            if not self.ask():
                return


class TableLock:
    """The lock of one table, or of one range of its key, and the session that holds it."""

    def __init__(
        self, session: LockSession, raw_name: str, range_number: int | None = None
    ) -> None:
        self.session = session
        self.raw_name = raw_name
        self.range_number = range_number
        self.writer: WarehouseConnection | None = None
        self._spoke_at = time.monotonic()

    @property
    def connection(self) -> WarehouseConnection:
        """The session's autocommit connection, for records outside the load's transactions."""
        return self.session.connection

    def check(self) -> None:
        """Ask the server; raise WarehouseError when the lock was lost. Call before a commit."""
        if not self.session.ask():
            raise self._lost()

    def notice(self) -> None:
        """Call between pages, in the thread that writes.

        Raises WarehouseError when the heartbeat found the lock lost, and keeps the writer's open
        transaction alive while only the source is read. Mostly costs nothing.
        """
        if self.session.is_lost:
            raise self._lost()
        now = time.monotonic()
        if self.writer is None or now - self._spoke_at < WRITER_SILENCE_SECONDS:
            return
        self._spoke_at = now
        if self.writer.info.transaction_status is TransactionStatus.INTRANS:
            self.writer.execute("select 1")

    def _lost(self) -> WarehouseError:
        return WarehouseError(
            "the session that keeps other loads of this table away was cut. What was not yet "
            "committed is rolled back. Try again.",
            where=f"table {self.raw_name}",
        )


@contextmanager
def lock_session(warehouse: Endpoint) -> Iterator[LockSession]:
    """Open a session for locks with its heartbeat; the locks end with it."""
    with schema.connect(warehouse, autocommit=True) as connection:
        connection.execute(
            sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{WAIT_LIMIT_SECONDS}s"))
        )
        # What is recorded here a crash may forget.
        connection.execute("set synchronous_commit = off")
        connection.execute(
            sql.SQL("set application_name = {}").format(sql.Literal(LOCK_APPLICATION_NAME))
        )
        if connection.info.server_version >= SILENCE_LIMIT_SINCE:
            connection.execute(
                sql.SQL("set idle_session_timeout = {}").format(
                    sql.Literal(f"{SILENCE_LIMIT_SECONDS}s")
                )
            )
        session = LockSession(connection)
        session.start()
        try:
            yield session
        finally:
            session.stop()


@contextmanager
def table_lock(
    session: LockSession, raw_name: str, *, range_number: int | None = None
) -> Iterator[TableLock]:
    """Hold the table's lock; no other loader gets it meanwhile.

    With `range_number` the lock is that of one range of the table's key: loaders of other ranges
    get theirs, a loader of the whole table does not. Waits up to WAIT_LIMIT_SECONDS for another
    loader, then raises WarehouseError. A session may take the locks of many tables one after the
    other.
    """
    with ExitStack() as held:
        for number, is_shared in _numbers("load", raw_name, range_number):
            held.enter_context(_advisory_lock(session, raw_name, number, is_shared=is_shared))
        yield TableLock(session, raw_name, range_number)


@contextmanager
def _advisory_lock(
    session: LockSession, raw_name: str, number: int, *, is_shared: bool
) -> Iterator[None]:
    kind = _SHARED if is_shared else _EXCLUSIVE
    try:
        session.connection.execute(kind.lock, (number,))
    except psycopg.errors.LockNotAvailable:
        raise WarehouseError(
            f"another load of this table is still running after {WAIT_LIMIT_SECONDS} s of "
            "waiting. Nothing was changed by this one. Try again when the other has ended; "
            "ops.table_load names its run (state running).",
            where=f"table {raw_name}",
        ) from None
    try:
        yield
    finally:
        # A session that is gone holds no lock any more.
        with suppress(psycopg.OperationalError, psycopg.InterfaceError):
            session.connection.execute(kind.unlock, (number,))


@contextmanager
def sole_writer(lock: TableLock, connection: WarehouseConnection) -> Iterator[None]:
    """Mark `connection` as the one that writes the table, for as long as the lock is held.

    A loader that lost its lock may have left a transaction open, even in the middle of a COPY,
    where none of the server's timeouts reaches it. Its session is ended first, so that it can
    neither commit behind our back nor hold rows that we must write. `connection` is in autocommit,
    and is again afterwards; the mark outlives its commits and rollbacks.
    """
    marks = [
        (number, _SHARED if is_shared else _EXCLUSIVE)
        for number, is_shared in _numbers("write", lock.raw_name, lock.range_number)
    ]
    for number, kind in marks:
        row = connection.execute(kind.attempt, (number,)).fetchone()
        if row is None or not row[0]:
            _end_writers(lock, number)
            limit = sql.Literal(f"{WAIT_LIMIT_SECONDS}s")
            with connection.transaction():
                connection.execute(sql.SQL("set local lock_timeout = {}").format(limit))
                connection.execute(kind.lock, (number,))
    lock.writer = connection
    try:
        yield
    finally:
        lock.writer = None
        # A session that is gone holds no lock any more; an open transaction failed.
        with suppress(psycopg.OperationalError, psycopg.InterfaceError):
            connection.rollback()
            connection.autocommit = True
            for number, kind in marks:
                connection.execute(kind.unlock, (number,))


def _end_writers(lock: TableLock, number: int) -> None:
    ended = lock.connection.execute(
        "select pid, pg_terminate_backend(pid) from pg_locks "
        "where locktype = 'advisory' and objsubid = 1 and granted "
        "and database = (select oid from pg_database where datname = current_database()) "
        "and (classid::bigint << 32 | objid::bigint) = %s",
        (number,),
    ).fetchall()
    log.warning(
        "table %s: an earlier loader lost its lock and left %s session behind, which was ended; "
        "what it had not committed is rolled back",
        lock.raw_name,
        len(ended),
    )


def _numbers(purpose: str, raw_name: str, range_number: int | None) -> list[tuple[int, bool]]:
    """Return the locks to take in this order, and which of them others may hold as well."""
    whole = _lock_number(purpose, raw_name)
    if range_number is None:
        return [(whole, False)]
    return [(_lock_number(f"{purpose} range {range_number} of", raw_name), False), (whole, True)]


def _lock_number(purpose: str, raw_name: str) -> int:
    digest = hashlib.blake2b(f"{purpose} {raw_name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
