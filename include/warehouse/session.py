"""A session on the warehouse, whose settings are read back and checked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, LiteralString

import psycopg

from include.endpoints import Endpoint, refuse_empty_options
from include.errors import ConfigError, PipelineError, TerminalError, WarehouseError
from include.warehouse.pooler import refuse_transaction_pooler
from include.warehouse.refusals import connect_failure
from include.warehouse.watch import WatchedConnection, how_it_broke_off

# An error that ends a statement ends the block around it as well, and psycopg warns that it passed
# over the second one, with the server's text, which may hold a row's value. The first is raised.
logging.getLogger("psycopg").setLevel(logging.ERROR)

CONNECT_TIMEOUT_SECONDS = 10
APPLICATION_NAME = "dental-warehouse"
# Distinguishes the sessions that hold the locks of loads from those that write.
LOCK_APPLICATION_NAME = f"{APPLICATION_NAME} locks"

# Settings of every session, written as PostgreSQL shows them. The server, the database and the role
# may have other values for each; what is not here changes speed, or what the server logs, or only a
# superuser can set it. Two are left on purpose: default_transaction_read_only, by which a provider
# stops writers when the disk is full, and synchronous_commit, which is the owner's choice.
SESSION_SETTINGS = {
    # What a value looks like as text, and how our texts are read. psycopg reads intervals of this
    # style only.
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "client_encoding": "UTF8",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    # No schema comes before the server's own functions and operators, and the definitions of views
    # that are built again are read as they were written.
    "search_path": "public",
    "quote_all_identifiers": "off",
    # A policy that hides rows is an error, never fewer rows.
    "row_security": "off",
    # A stricter level ends with errors where loaders wait for each other.
    "default_transaction_isolation": "read committed",
    "client_min_messages": "warning",
    # Who waits for locks sets a limit of its own; statement_timeout ends all other waits.
    "lock_timeout": "0",
    # No statement of a refresh takes hours; one that does is stuck.
    "statement_timeout": "4h",
    # Above the longest read of a page with its pause, during which the transaction is idle.
    # include/sessions/locks.py sends a statement between pages (WRITER_PING_SECONDS).
    "idle_in_transaction_session_timeout": "6min",
    # A first load is one long session; only the session of locks has a limit of its own.
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}
# PostgreSQL has the first from 14 on, the second from 17 on.
_NEWER = frozenset({"idle_session_timeout", "transaction_timeout"})
# A setting that the server does not know is passed over.
SET_SESSION: LiteralString = """
    select set_config(name, value, false)
    from unnest(%s::text[], %s::text[]) as s (name, value)
    where current_setting(name, true) is not null
"""
# TCP keepalives of the server. Not read back: on a local socket they are not available.
_KEEPALIVES = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
# TCP keepalives of this client, with libpq's names; tcp_user_timeout is in milliseconds.
_CLIENT_KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
TLS_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TLS_DEMANDED = ("require", "verify-ca", "verify-full")
_TLS_VERIFIED = ("verify-ca", "verify-full")

log = logging.getLogger(__name__)

WarehouseConnection = psycopg.Connection[tuple[Any, ...]]


def connect(endpoint: Endpoint, *, autocommit: bool = False) -> WarehouseConnection:
    """Open a session with checked settings, encrypted as the connection's sslmode requires.

    Raises TerminalError when the server refuses the account or database, when the database does not
    store UTF-8, when the session is not encrypted as required, and behind a transaction pooler;
    ConfigError for unusable options; WarehouseError when the server cannot be reached.
    """
    login = login_arguments(endpoint)
    connection = _open(endpoint, login)
    try:
        refuse_transaction_pooler(connection, endpoint, another=lambda: _open(endpoint, login))
        _apply_settings(connection, endpoint)
        if login.get("sslmode") in _TLS_DEMANDED:
            _check_encryption(connection, endpoint)
        connection.autocommit = autocommit
    except psycopg.Error as error:
        connection.close()
        raise WarehouseError(
            f"while a session was opened, the warehouse {how_it_broke_off(error)}. Nothing was "
            "written by it. Check that the server runs, then try again.",
            where=endpoint.name,
        ) from None
    except BaseException:
        connection.close()
        raise
    return connection


def login_arguments(endpoint: Endpoint) -> dict[str, Any]:
    """Return the arguments of psycopg.connect for this endpoint, the password among them.

    Raises ConfigError for an option that would be ignored.
    """
    # No startup option but application_name: a pooler refuses those that it does not know.
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "user": endpoint.user,
        "password": endpoint.password or None,
        "dbname": endpoint.database,
        "autocommit": True,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": APPLICATION_NAME,
        **_CLIENT_KEEPALIVES,
        **tls_options(endpoint),
        **proof_options(endpoint),
    }


def tls_options(endpoint: Endpoint) -> dict[str, str]:
    """Return libpq's TLS options; raises ConfigError for every other option of the connection."""
    options = dict(endpoint.options)
    unknown = sorted(set(options) - set(TLS_OPTIONS))
    if unknown or options.get("sslmode", "prefer") not in ("", *_TLS_MODES):
        said = f"has unknown options: {', '.join(unknown)}" if unknown else "has a wrong sslmode"
        raise ConfigError(
            f"{said}. Nothing was written. Known are {', '.join(TLS_OPTIONS)}; sslmode is one of "
            f"{', '.join(_TLS_MODES)}.",
            where=f"connection of {endpoint.name}",
        )
    refuse_empty_options(endpoint, kept="Nothing was written.")
    return options


def proof_options(endpoint: Endpoint) -> dict[str, str]:
    """Return libpq's option that limits how a server may have this account prove its password.

    Whoever answers at the address may ask for the password itself, also somebody who stands
    between. Only a server whose certificate was verified gets it; any other gets proofs.
    """
    mode = endpoint.options.get("sslmode")
    # libpq verifies the authority as well where sslmode=require comes with its certificate.
    if mode in _TLS_VERIFIED or (mode == "require" and endpoint.options.get("sslrootcert")):
        return {}
    return {"require_auth": "!password"}


def _open(endpoint: Endpoint, login: Mapping[str, Any]) -> WarehouseConnection:
    try:
        connection = WatchedConnection.connect(**login)
    except psycopg.OperationalError as error:
        raise connect_failure(str(error), endpoint) from None
    connection.login = login
    return connection


def _apply_settings(connection: WarehouseConnection, endpoint: Endpoint) -> None:
    wanted = {**_KEEPALIVES, **SESSION_SETTINGS}
    connection.execute(SET_SESSION, (list(wanted), list(wanted.values())))
    names = ["server_encoding", *SESSION_SETTINGS]
    row = connection.execute(
        """
        select array_agg(current_setting(name, true) order by position)
        from unnest(%s::text[]) with ordinality s (name, position)
        """,
        (names,),
    ).fetchone()
    encoding, *values = row[0] if row else ("",)
    if encoding != "UTF8":
        raise TerminalError(
            f"this database stores text as {encoding}, which cannot hold what the practice "
            "writes. Nothing was written. Create the warehouse with ENCODING 'UTF8'.",
            where=endpoint.name,
        )
    seen = dict(zip(SESSION_SETTINGS, values, strict=False))
    other = {
        name: seen.get(name)
        for name, value in SESSION_SETTINGS.items()
        if seen.get(name) != value and not (name in _NEWER and seen.get(name) is None)
    }
    if other:
        raise _not_as_asked(other, endpoint)
    _log_once(endpoint.name, _listed(seen))


@cache
def _log_once(server: str, settings: str) -> None:
    # A process opens hundreds of sessions, all with the same settings.
    log.debug("every session on %s has %s", server, settings)


def _not_as_asked(seen: Mapping[str, str | None], endpoint: Endpoint) -> PipelineError:
    asked = {name: SESSION_SETTINGS[name] for name in seen}
    return WarehouseError(
        f"the session settings did not take: asked for {_listed(asked)}, got {_listed(seen)}. "
        "Nothing was written. A proxy that shares sessions between clients does this: connect to "
        "the server itself.",
        where=endpoint.name,
    )


def _listed(settings: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _check_encryption(connection: WarehouseConnection, endpoint: Endpoint) -> None:
    row = connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
    if row is None or not row[0] or not connection.pgconn.ssl_in_use:
        raise TerminalError(
            "the server says that this session is not encrypted, though sslmode asks for it. "
            "Nothing was written. A pooler that ends the encryption does this: let it encrypt its "
            "side as well (server_tls_sslmode in PgBouncer), or connect to the server itself.",
            where=endpoint.name,
        )
