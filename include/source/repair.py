"""Giving the server the chance to repair tables that a crash of its own has damaged.

MariaDB and MySQL repair a MyISAM or Aria table when it is opened, if `myisam_recover_options` or
`aria_recover_options` say so, but not for a session whose transactions are read-only, as ours are.
At night nobody else opens them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pymysql
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from include.source.session import SourceConnection, quote, reconnect, source_errors

# A repair may take longer than any statement of ours. Only MariaDB has the limit for all.
_SETTINGS = ("set session transaction read write", "set session max_statement_time = 0")

log = logging.getLogger(__name__)


def let_server_repair(
    connection: SourceConnection, endpoint: Endpoint, tables: Sequence[str]
) -> None:
    """Open these tables once as the practice's own programs do; afterwards the session is new.

    No row is selected and nothing is written by us. A table that the server does not repair stays
    as it is, with a warning. Raises SourceError when the repair takes longer than the connection
    waits; the server goes on with it.
    """
    with source_errors(endpoint), connection.cursor() as cursor:
        for setting in _SETTINGS:
            _try(cursor, setting)
        for table in tables:
            error = _try(cursor, f"select 1 from {quote(table)} limit 0")  # noqa: S608 - quoted
            if error is None:
                log.info("table %s was damaged, and the server has repaired it", table)
            else:
                log.warning("table %s is damaged, and not repaired (error %s)", table, error)
    reconnect(connection, endpoint)


def _try(cursor: Cursor, statement: str) -> int | None:
    """Run a statement; return the error's code if the server refuses it."""
    try:
        cursor.execute(statement)
    except pymysql.MySQLError as error:
        if not cursor.connection or not cursor.connection.open:
            raise
        return int(error.args[0])
    return None
