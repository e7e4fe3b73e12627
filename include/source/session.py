"""A read-only session on the practice database, with settings that are read back."""

from __future__ import annotations

from typing import Any, TypeAlias

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from include.errors import SourceError, SourceRefusedError

CONNECT_TIMEOUT_SECONDS = 10
# A page is drained at once, so a read that takes minutes means a dead server.
READ_TIMEOUT_SECONDS = 300

# What the bytes of a row depend on. The zone is numeric: the zone tables may be missing.
SESSION_SETTINGS = {
    "time_zone": "+00:00",
    "sql_mode": "",
    "character_set_results": "utf8mb4",
    "tx_read_only": "1",
}

_REFUSALS = {
    ER.ACCESS_DENIED_ERROR: "refuses the log-in",
    ER.DBACCESS_DENIED_ERROR: "denies this account the database",
    ER.BAD_DB_ERROR: "has no such database",
    ER.TABLEACCESS_DENIED_ERROR: "denies this account a table",
    ER.COLUMNACCESS_DENIED_ERROR: "denies this account a column",
    ER.SPECIFIC_ACCESS_DENIED_ERROR: "denies this account a privilege",
}

SourceConnection: TypeAlias = "pymysql.Connection[Cursor]"


def connect(endpoint: Endpoint, **arguments: Any) -> SourceConnection:
    """Open a read-only session and read its settings back.

    Raises SourceRefusedError when the server answers but does not let us in, and SourceError when
    it cannot be reached. Nothing in the warehouse has been touched by then.
    """
    try:
        connection = pymysql.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=endpoint.database or None,
            charset="utf8mb4",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            autocommit=True,
            **arguments,
        )
    except pymysql.MySQLError as error:
        raise translate(error, endpoint) from None
    try:
        _apply_settings(connection, endpoint)
    except BaseException:
        connection.close()
        raise
    return connection


def translate(error: pymysql.MySQLError, endpoint: Endpoint) -> SourceError | SourceRefusedError:
    """Say what a driver error means; the driver's own text may hold values and is left out."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if code in _REFUSALS:
        return SourceRefusedError(
            f"the server {_REFUSALS[code]} (error {code}). The warehouse is unchanged. Check the "
            "connection 'open_dental' and grant this account SELECT on the practice database.",
            where=endpoint.name,
        )
    return SourceError(
        f"the practice database does not answer as expected (error {code}). What was loaded "
        "before is intact. Check that the server runs and can be reached, then try again.",
        where=endpoint.name,
    )


def quote(name: str) -> str:
    """Quote an identifier for MariaDB and MySQL."""
    return "`" + name.replace("`", "``") + "`"


def _apply_settings(connection: SourceConnection, endpoint: Endpoint) -> None:
    names = list(SESSION_SETTINGS)
    with connection.cursor() as cursor:
        cursor.execute("select version()")
        # MySQL 8 knows the flag under its newer name only.
        is_mariadb = "mariadb" in str((cursor.fetchone() or ("",))[0]).lower()
        spelled = {
            name: "transaction_read_only" if name == "tx_read_only" and not is_mariadb else name
            for name in names
        }
        for name in names:
            cursor.execute(f"set session {spelled[name]} = %s", (_literal(SESSION_SETTINGS[name]),))
        cursor.execute("select " + ", ".join(f"@@session.{spelled[name]}" for name in names))
        seen = [str(value) for value in cursor.fetchone() or ()]
    if seen != list(SESSION_SETTINGS.values()):
        raise SourceError(
            f"the session settings did not take: asked for {SESSION_SETTINGS}, got "
            f"{dict(zip(names, seen, strict=False))}. Nothing was read. A proxy that shares "
            "sessions between clients does this: connect to the server itself.",
            where=endpoint.name,
        )


def _literal(value: str) -> int | str:
    return int(value) if value.isdigit() else value
