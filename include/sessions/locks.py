"""One loader per table, one validation per tier: advisory locks of sessions with a heartbeat.

The locks belong to a session, so that they outlive the load's transactions and the server releases
them when the process dies. A process that is suspended or has lost its network sends no heartbeat:
the server ends its session after IDLE_LIMIT_SECONDS, and another loader gets the lock. That loader
first ends the writing session that the earlier one may have left behind.

Runs may overlap. A loader waits for the loader before it, and for a validation that is looking at
the table; a validation waits for the loaders of its tables and for a validation of the same tier;
who reads verdicts waits for validations. None of them holds a lock that another of them waits for
while it waits itself, but for the turn of a tier, which comes first.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from include.endpoints import Endpoint
from include.errors import WarehouseError
from include.ops import schema
from include.warehouse.session import LOCK_APPLICATION_NAME, WarehouseConnection
from include.warehouse.watch import SilentWarehouseError, silence_behind

# For what a session that lost its lock left behind.
WAIT_LIMIT_SECONDS = 120
# For a loader or a validation that is at work: who dies or hangs loses its lock within a minute.
TURN_LIMIT_SECONDS = 1800
# The server ends a lock session that sends no statement for IDLE_LIMIT_SECONDS; the heartbeat sends
# one every HEARTBEAT_SECONDS.
IDLE_LIMIT_SECONDS = 60
HEARTBEAT_SECONDS = 15
# The server ends the writer's transaction when it is idle for idle_in_transaction_session_timeout:
# six minutes, set in include/warehouse/session.py. It is idle while a page is read. A ping between
# two pages, at most once in this time, leaves at least five minutes for each page.
WRITER_PING_SECONDS = 60
# idle_session_timeout came with PostgreSQL 14; before it only keepalives end a lost session.
IDLE_LIMIT_SINCE = 140_000
# Who may hold the lock of a table or tier, as messages name them.
_OTHERS = "load or validation"

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
    """An autocommit session that holds locks; its heartbeat detects that the server ended it.

    `silence` says that it was lost because the server stopped answering.
    """

    def __init__(self, connection: WarehouseConnection, wait_seconds: int) -> None:
        self.connection = connection
        self.wait_seconds = wait_seconds
        self.silence: SilentWarehouseError | None = None
        self._is_lost = threading.Event()
        self._is_over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lock heartbeat", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Whether the session is known to have ended, and its locks with it; sends nothing."""
        return self._is_lost.is_set() or self.connection.closed

    def start(self) -> None:
        """Start the heartbeat."""
        self._heart.start()

    def stop(self) -> None:
        """Stop the heartbeat and wait for its thread to end."""
        self._is_over.set()
        self._heart.join()

    def ping(self) -> bool:
        """Send a statement; return whether the session is still open on the server."""
        try:
            self.connection.execute("select 1")
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self.silence = self.silence or silence_behind(error)
            self._is_lost.set()
        return not self.is_lost

    def _beat(self) -> None:
        while not self._is_over.wait(HEARTBEAT_SECONDS):
            if not self.ping():
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
        self._pinged_at = time.monotonic()

    @property
    def connection(self) -> WarehouseConnection:
        """The session's autocommit connection, for records outside the load's transactions."""
        return self.session.connection

    def check(self) -> None:
        """Check on the server, before a commit; raise WarehouseError when the lock was lost."""
        if not self.session.ping():
            raise self._lost()

    def keep_alive(self) -> None:
        """Keep the writer's open transaction alive; call between pages, in the thread that writes.

        Raises WarehouseError when the heartbeat has found that the lock was lost. Sends at most one
        statement in WRITER_PING_SECONDS.
        """
        if self.session.is_lost:
            raise self._lost()
        now = time.monotonic()
        if self.writer is None or now - self._pinged_at < WRITER_PING_SECONDS:
            return
        self._pinged_at = now
        if self.writer.info.transaction_status is TransactionStatus.INTRANS:
            self.writer.execute("select 1")

    def _lost(self) -> WarehouseError:
        seen = "the session that keeps other loads of this table away was cut"
        advice = "Try again."
        if (silence := self.session.silence) is not None:
            seen, advice = f"the warehouse {silence.seen}", silence.advice
        return WarehouseError(
            f"{seen}. What was not yet committed is rolled back. {advice}",
            where=f"table {self.raw_name}",
        )


@contextmanager
def lock_session(warehouse: Endpoint, *, wait_seconds: int | None = None) -> Iterator[LockSession]:
    """Open a session for locks and start its heartbeat; the locks are released with the session.

    A lock is waited for during `wait_seconds`, TURN_LIMIT_SECONDS unless given.
    """
    limit = TURN_LIMIT_SECONDS if wait_seconds is None else wait_seconds
    with schema.connect(warehouse, autocommit=True) as connection:
        connection.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{limit}s")))
        # Commits do not wait for the disk: a crash of the warehouse may lose the last records.
        connection.execute("set synchronous_commit = off")
        connection.execute(
            sql.SQL("set application_name = {}").format(sql.Literal(LOCK_APPLICATION_NAME))
        )
        if connection.info.server_version >= IDLE_LIMIT_SINCE:
            connection.execute(
                sql.SQL("set idle_session_timeout = {}").format(
                    sql.Literal(f"{IDLE_LIMIT_SECONDS}s")
                )
            )
        session = LockSession(connection, limit)
        session.start()
        try:
            yield session
        finally:
            session.stop()


@contextmanager
def table_lock(
    session: LockSession, raw_name: str, *, range_number: int | None = None
) -> Iterator[TableLock]:
    """Hold the table's lock, which excludes other loaders of the table.

    With `range_number` the lock is that of one range of the table's key: loaders of other ranges
    get theirs, a loader of the whole table does not. Waits for another loader or a validation as
    long as the session does, then raises WarehouseError. A session may take the locks of many
    tables one after the other.
    """
    where = f"table {raw_name}"
    with ExitStack() as held:
        for number, is_shared in _numbers("load", raw_name, range_number):
            held.enter_context(_advisory_lock(session, where, number, is_shared=is_shared))
        yield TableLock(session, raw_name, range_number)


@contextmanager
def validation_turn(session: LockSession, tier: str, *, is_shared: bool = False) -> Iterator[None]:
    """Hold the tier's turn, which excludes other validations of the tier and readers of verdicts.

    Readers share theirs. Waits as long as the session does, then raises WarehouseError.
    """
    number = _lock_number("validate", tier)
    with _advisory_lock(session, f"validation of tier {tier}", number, is_shared=is_shared):
        yield


@contextmanager
def build_turn(session: LockSession) -> Iterator[None]:
    """Hold the turn to build the dbt project: two builds would drop each other's relations.

    Waits as long as the session does, then raises WarehouseError.
    """
    number = _lock_number("build", "dbt")
    with _advisory_lock(session, "the dbt project", number, is_shared=False, other="build"):
        yield


@contextmanager
def verdicts_at_rest(warehouse: Endpoint, tiers: Iterable[str]) -> Iterator[None]:
    """Keep validations of these tiers away while their verdicts are read.

    Waits up to TURN_LIMIT_SECONDS for each, then raises WarehouseError.
    """
    with ExitStack() as held:
        session = held.enter_context(lock_session(warehouse))
        for tier in tiers:
            held.enter_context(validation_turn(session, tier, is_shared=True))
        yield


@contextmanager
def tables_at_rest(session: LockSession, raw_names: Iterable[str]) -> Iterator[None]:
    """Keep loaders of these tables away while their rows are looked at.

    Waits for each as long as the session does, then raises WarehouseError.
    """
    numbers = [_lock_number("load", name) for name in raw_names]
    with _waiting(session, "tables of a validation"):
        session.connection.execute(
            "select pg_advisory_lock_shared(n) from unnest(%s::bigint[]) n", (numbers,)
        )
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError, psycopg.InterfaceError):
            session.connection.execute(
                "select pg_advisory_unlock_shared(n) from unnest(%s::bigint[]) n", (numbers,)
            )


@contextmanager
def _advisory_lock(
    session: LockSession, where: str, number: int, *, is_shared: bool, other: str = _OTHERS
) -> Iterator[None]:
    kind = _SHARED if is_shared else _EXCLUSIVE
    with _waiting(session, where, other):
        if session.connection.execute(kind.attempt, (number,)).fetchone() != (True,):
            log.info("%s: waits for another %s to end", where, other)
            session.connection.execute(kind.lock, (number,))
    try:
        yield
    finally:
        # If the session has ended, the server has released the lock.
        with suppress(psycopg.OperationalError, psycopg.InterfaceError):
            session.connection.execute(kind.unlock, (number,))


@contextmanager
def _waiting(session: LockSession, where: str, other: str = _OTHERS) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise WarehouseError(
            f"another {other} is still at work after {session.wait_seconds} s of waiting. "
            "Nothing was changed by this one. Try again when the other has ended; "
            "ops.run and ops.table_load name its run (state running).",
            where=where,
        ) from None


@contextmanager
def sole_writer(lock: TableLock, connection: WarehouseConnection) -> Iterator[None]:
    """Mark `connection`, by an advisory lock, as the only one that writes the table.

    A loader that lost its table lock may have left a transaction open, even in the middle of a
    COPY, which none of the server's timeouts ends. Its session is terminated first, so that it can
    neither commit later nor hold locks on rows that this loader must write. `connection` must be in
    autocommit, and is again afterwards; the mark outlasts its commits and rollbacks.
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
        # If the session has ended, the server has released the lock. A transaction that is still
        # open has failed.
        with suppress(psycopg.OperationalError, psycopg.InterfaceError):
            connection.rollback()
            connection.autocommit = True
            for number, kind in marks:
                connection.execute(kind.unlock, (number,))


def _end_writers(lock: TableLock, number: int) -> None:
    ended = lock.connection.execute(
        """
        select pid, pg_terminate_backend(pid)
        from pg_locks
        where locktype = 'advisory' and objsubid = 1 and granted
            and database = (select oid from pg_database where datname = current_database())
            and (classid::bigint << 32 | objid::bigint) = %s
        """,
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
