"""A read-only session on the practice database, whose settings are read back and checked."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pymysql

from include.endpoints import Endpoint
from include.errors import PipelineError, SourceError, SourceRefusedError
from include.source.error_codes import meaning_of
from include.source.login import LoginConnection
from include.source.packets import understood
from include.source.tls import SourceTls, handshake_failure, source_tls

CONNECT_TIMEOUT_SECONDS = 10
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

# The settings that decide the bytes of a row, and read-only transactions. The time zone is an
# offset, because the server's time zone tables may be missing.
SESSION_SETTINGS = {
    "time_zone": "+00:00",
    "sql_mode": "",
    "character_set_results": "utf8mb4",
    "tx_read_only": "1",
}

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
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
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
    try:
        with source_errors(endpoint):
            connection.connect()
            _keep_alive(connection)
            _apply_settings(connection, endpoint)
            _check_encryption(connection, endpoint, tls)
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
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    meaning = meaning_of(code)
    return meaning.kind(
        f"the practice database {meaning.seen} (error {code}). What was loaded before is intact. "
        f"{meaning.advice}.",
        where=endpoint.name,
    )


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
    with connection.cursor() as cursor:
        cursor.execute("select version()")
        is_mariadb = "mariadb" in str((cursor.fetchone() or ("",))[0]).lower()
        settings = _settings(is_mariadb=is_mariadb)
        values = [_literal(value) for value in settings.values()]
        cursor.execute("set " + ", ".join(f"session {name} = %s" for name in settings), values)
        cursor.execute("select " + ", ".join(f"@@session.{name}" for name in settings))
        # MariaDB returns max_statement_time as a float.
        seen = [str(value).removesuffix(".0") for value in cursor.fetchone() or ()]
    if seen != list(settings.values()):
        raise SourceError(
            f"the session settings did not take: asked for {settings}, got "
            f"{dict(zip(settings, seen, strict=False))}. Nothing was read. A proxy that shares "
            "sessions between clients does this: connect to the server itself.",
            where=endpoint.name,
        )


def _settings(*, is_mariadb: bool) -> dict[str, str]:
    """Return every setting under the name that this kind of server knows."""
    flag = "tx_read_only" if is_mariadb else "transaction_read_only"
    limit = (
        ("max_statement_time", STATEMENT_LIMIT_SECONDS)
        if is_mariadb
        else ("max_execution_time", 1000 * STATEMENT_LIMIT_SECONDS)
    )
    return {
        **{flag if name == "tx_read_only" else name: v for name, v in SESSION_SETTINGS.items()},
        limit[0]: str(limit[1]),
        "lock_wait_timeout": str(LOCK_LIMIT_SECONDS),
        "net_write_timeout": str(WRITE_LIMIT_SECONDS),
        "wait_timeout": str(IDLE_LIMIT_SECONDS),
    }


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


def _literal(value: str) -> int | str:
    return int(value) if value.isdigit() else value
