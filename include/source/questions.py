"""One question of many tables at once, where some of them cannot be read at present.

The questions come in batches of one UNION ALL, which a server answers far sooner than as many
statements.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from include.source import session
from include.source.error_codes import code_of

log = logging.getLogger(__name__)

TABLES_A_QUERY = 50
SERVER_CODES = 1000
# Once a query has waited for a lock as long as it may, those behind it must not wait so long.
LOCK_PATIENCE_SECONDS = 1
# What the server says of one table that it cannot read at present: gone, damaged or being
# repaired, locked, too slow, or denied.
UNREADABLE = frozenset(
    {
        ER.LOCK_WAIT_TIMEOUT,
        ER.TABLEACCESS_DENIED_ERROR,
        ER.COLUMNACCESS_DENIED_ERROR,
        *(1969, 3024),  # the statement's time limit, of MariaDB and MySQL
        ER.NO_SUCH_TABLE,
        ER.NOT_KEYFILE,
        ER.OLD_KEYFILE,
        ER.CRASHED_ON_USAGE,
        ER.CRASHED_ON_REPAIR,
        ER.ERROR_ON_READ,
        ER.FILE_NOT_FOUND,
        ER.CANT_OPEN_FILE,
        ER.GET_ERRNO,
        ER.UNKNOWN_STORAGE_ENGINE,
        ER.WRONG_MRG_TABLE,
        ER.NOT_FORM_FILE,
        1932,  # the table does not exist in its engine
    }
)


def ask_tables(cursor: Cursor, questions: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """Ask one question of each table, many in a query; return the answers behind the names.

    A question is what follows the word select. A table that the server cannot read at present has
    no answer; the log says so.
    """
    names = list(questions)
    answers: list[tuple[Any, ...]] = []
    try:
        for start in range(0, len(names), TABLES_A_QUERY):
            answers += _ask(cursor, names[start : start + TABLES_A_QUERY], questions)
    finally:
        if cursor.connection and cursor.connection.open:
            _wait_for_locks(cursor, session.LOCK_LIMIT_SECONDS)
    return answers


def _ask(cursor: Cursor, names: Sequence[str], questions: Mapping[str, str]) -> list[Any]:
    """Ask all questions at once; one by one where a table among them cannot be read."""
    numbered = [f"select {n}, {questions[name]}" for n, name in enumerate(names)]
    try:
        cursor.execute(" union all ".join(numbered))
        return [(names[int(n)], *answer) for n, *answer in cursor.fetchall()]
    except pymysql.MySQLError as error:
        if not _is_of_one_table(error):
            raise
        if error.args[0] == ER.LOCK_WAIT_TIMEOUT:
            _wait_for_locks(cursor, LOCK_PATIENCE_SECONDS)
        if len(names) == 1:
            log.warning(
                "table %s cannot be read at present (error %s); what is known of it stays",
                names[0],
                error.args[0],
            )
            return []
    return [answer for name in names for answer in _ask(cursor, [name], questions)]


def _is_of_one_table(error: pymysql.MySQLError) -> bool:
    """Whether the server could answer for other tables; storage engines have codes below 1000."""
    code = code_of(error)
    return code in UNREADABLE or 0 < code < SERVER_CODES


def _wait_for_locks(cursor: Cursor, seconds: int) -> None:
    cursor.execute("set session lock_wait_timeout = %s", (seconds,))
