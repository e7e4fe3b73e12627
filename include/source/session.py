"""A read-only session on the practice database, whose settings are read back and checked."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

import pymysql
from pymysql.constants import SERVER_STATUS

from include.endpoints import Endpoint
from include.errors import PipelineError, SourceError, SourceRefusedError
from include.source.error_codes import code_of, meaning_of
from include.source.login import LoginConnection
from include.source.packets import understood
from include.source.session_settings import (
    COLLATION,
    FIRST_COMMAND,
    Limits,
    Value,
    choose,
    differing,
    lacking,
    names_of,
    set_statement,
    source_settings,
)
from include.source.tls import SourceTls, handshake_failure, source_tls

CONNECT_TIMEOUT_SECONDS = 10
# Of one read of the socket while a session is opened. A server that looks up our name in a DNS that
# is gone takes half a minute.
LOGIN_TIMEOUT_SECONDS = 60
# Of one read of the socket. Pages are read without a pause, so minutes of silence mean a dead
# server.
READ_TIMEOUT_SECONDS = 300
# Below the read timeout: the server ends a slow statement before the client stops waiting for it,
# so that none goes on without a client.
STATEMENT_LIMIT_SECONDS = 240
LOCK_LIMIT_SECONDS = 60
# A client that stops in the middle of a page keeps a MyISAM table locked for this long at most.
WRITE_LIMIT_SECONDS = 30
# Long, because the session is idle while the warehouse builds an index between two pages.
IDLE_LIMIT_SECONDS = 2 * 3600
KEEPALIVE_IDLE_SECONDS = 30
KEEPALIVE_INTERVAL_SECONDS = 10
KEEPALIVE_PROBES = 3

# Host, port and version: what a process has learnt of this server stays true of it.
ServerId: TypeAlias = tuple[str, int, str]

# The names among our settings that a server knows: it takes milliseconds to list them.
_known: dict[ServerId, tuple[str, ...]] = {}

log = logging.getLogger(__name__)

SourceConnection: TypeAlias = "pymysql.Connection[pymysql.cursors.Cursor]"


def connect(endpoint: Endpoint) -> SourceConnection:
    """Open a read-only session and check its settings.

    The connection's options decide the encryption (see `include.source.tls`) and what the server
    gets to see of the password (see `include.source.login`). Raises ConfigError
    for unusable options, SourceRefusedError when the server answers but refuses the session, and
    SourceError when it cannot be reached.
    """
    connection = LoginConnection(
        endpoint,
        database=endpoint.database or None,
        collation=COLLATION,
        init_command=FIRST_COMMAND,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        write_timeout=READ_TIMEOUT_SECONDS,
        autocommit=True,
    )
    _establish(connection, endpoint)
    return connection


def reconnect(connection: SourceConnection, endpoint: Endpoint) -> None:
    """Drop the session and open it again as `connect` did; the server stops what it was sending.

    Raises what `connect` raises.
    """
    if connection.open:
        raw: Any = connection
        raw._force_close()
    _establish(connection, endpoint)


def _establish(connection: SourceConnection, endpoint: Endpoint) -> None:
    tls = source_tls(endpoint)
    limits: Any = connection
    limits._read_timeout = LOGIN_TIMEOUT_SECONDS
    try:
        with source_errors(endpoint):
            connection.connect()
            _keep_alive(connection)
            _apply_settings(connection, endpoint)
            _check_encryption(connection, endpoint, tls)
        limits._read_timeout = READ_TIMEOUT_SECONDS
    except BaseException:
        connection.close()
        raise


@contextmanager
def source_errors(endpoint: Endpoint) -> Iterator[None]:
    """Turn the driver's errors into what `source_error` says they mean.

    An answer that the code inside cannot read is a SourceError as well.
    """
    try:
        with understood():
            yield
    except pymysql.MySQLError as error:
        raise source_error(error, endpoint) from None


def source_error(error: pymysql.MySQLError, endpoint: Endpoint) -> PipelineError:
    """Say what a driver error means; the driver's own text may hold values and is left out."""
    original = getattr(error, "original_exception", None)
    if isinstance(original, ssl.SSLError):
        return handshake_failure(original, endpoint)
    meaning = meaning_of(error)
    return meaning.kind(
        f"the practice database {meaning.seen} (error {code_of(error)}). What was loaded before is "
        f"intact. {meaning.advice}.",
        where=endpoint.name,
    )


def server_id(connection: SourceConnection) -> ServerId:
    """Return what tells the server of this session from others."""
    raw: Any = connection
    return str(raw.host), int(raw.port), str(raw.server_version)


def quote(name: str) -> str:
    """Quote an identifier for MariaDB and MySQL."""
    return "`" + name.replace("`", "``") + "`"


def _keep_alive(connection: SourceConnection) -> None:
    # With the system's defaults a lost network is noticed only after two hours.
    raw: Any = connection
    for option, value in (
        (socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS),
        (socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS),
        (socket.TCP_KEEPCNT, KEEPALIVE_PROBES),
    ):
        raw._sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _apply_settings(connection: SourceConnection, endpoint: Endpoint) -> None:
    """Set what differs from include/source/session_settings.py, and read all of it back."""
    settings = source_settings(
        Limits(
            statement=STATEMENT_LIMIT_SECONDS,
            lock=LOCK_LIMIT_SECONDS,
            write=WRITE_LIMIT_SECONDS,
            idle=IDLE_LIMIT_SECONDS,
        )
    )
    with connection.cursor() as cursor:
        present = _present(connection, names_of(settings))
        missing = lacking(settings, present)
        if missing:
            raise SourceRefusedError(
                f"this server has no setting {', '.join(missing)}, without which it decides what "
                "is read. Nothing was read. MySQL 5.5 and MariaDB 10.0 are the oldest that have "
                "them all.",
                where=endpoint.name,
            )
        chosen = choose(settings, present)
        _set(connection, differing(chosen, present), endpoint)
        cursor.execute("select database(), " + ", ".join(f"@@session.{name}" for name in chosen))
        database, *values = cursor.fetchone() or ("",)
    seen = dict(zip(chosen, values, strict=False))
    other = differing(chosen, seen)
    if other:
        raise SourceError(
            f"the session settings did not take: asked for {_listed(other)}, got "
            f"{_listed({name: seen.get(name) for name in other})}. Nothing was read. A proxy that "
            "shares sessions between clients does this: connect to the server itself.",
            where=endpoint.name,
        )
    _log_once(endpoint.name, _listed(chosen))
    _leave_what_init_connect_did(connection, endpoint, str(database or ""))


def _present(connection: SourceConnection, names: Sequence[str]) -> dict[str, object]:
    """Return the values that this session has now, of those settings that its server knows."""
    server = server_id(connection)
    with connection.cursor() as cursor:
        if server in _known:
            cursor.execute("select " + ", ".join(f"@@{name}" for name in _known[server]))
            return dict(zip(_known[server], cursor.fetchone() or (), strict=True))
        cursor.execute("show session variables where variable_name in %s", (names,))
        present = {str(name).lower(): value for name, value in cursor.fetchall()}
    _known[server] = tuple(present)
    return present


def _set(connection: SourceConnection, settings: Mapping[str, Value], endpoint: Endpoint) -> None:
    """Set them at once; where the server refuses that, find the one that it refuses."""
    with connection.cursor() as cursor:
        try:
            if settings:
                cursor.execute(*set_statement(settings))
            return
        except pymysql.MySQLError:
            if not connection.open:
                raise
        for name, value in settings.items():
            try:
                cursor.execute(*set_statement({name: value}))
            except pymysql.MySQLError as error:
                if not connection.open:
                    raise
                raise SourceRefusedError(
                    f"the server does not let this session set {name} to {value!r} (error "
                    f"{error.args[0]}), and its own value decides what is read. Nothing was read. "
                    f"Let the account set {name}, or give it this value on the server.",
                    where=endpoint.name,
                ) from None


@cache
def _log_once(server: str, settings: str) -> None:
    # A process opens hundreds of sessions, all with the same settings.
    log.debug("every session on %s has %s", server, settings)


def _leave_what_init_connect_did(
    connection: SourceConnection, endpoint: Endpoint, database: str
) -> None:
    """End a transaction that the server began at the log-in, and choose our database again."""
    raw: Any = connection
    if raw.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
        connection.rollback()
    if endpoint.database and database != endpoint.database:
        connection.select_db(endpoint.database)


def _listed(settings: Mapping[str, object]) -> str:
    # A value is the server's, and has no length that it must keep to.
    return ", ".join(f"{name}={value!s:.100}" for name, value in settings.items())


def _check_encryption(connection: SourceConnection, endpoint: Endpoint, tls: SourceTls) -> None:
    if not tls.mode.is_demanded:
        return
    with connection.cursor() as cursor:
        cursor.execute("show session status like 'Ssl_cipher'")
        row = cursor.fetchone()
    if row is None or not row[1]:
        raise SourceRefusedError(
            "the server says that this session is not encrypted, though ssl_mode asks for it. "
            "Nothing was read. A proxy that ends the encryption does this: connect to the server "
            "itself.",
            where=endpoint.name,
        )
