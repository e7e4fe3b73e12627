"""What the practice database does not let our account select.

A server lists only what an account has a right on. In information_schema, a column whose right is
missing looks as if it had been dropped, and so does a table. The server itself is asked here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import ER

from include.source.error_codes import code_of
from include.source.session import quote

_DENIED = frozenset({ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR})
# No database has a table of this name. Only an account that may select the whole database is told
# so; any other is refused it.
_NO_TABLE = "dental warehouse asks for its rights"
# These say nothing about the table that was asked for (the last two: a limit on time ran out).
_UNANSWERED = frozenset({ER.LOCK_WAIT_TIMEOUT, ER.QUERY_INTERRUPTED, 1969, 3024})


@dataclass(frozen=True, slots=True)
class MissingRight:
    """An account that may not select a table, or only some of its columns.

    `columns` are those that are known by name to be missing; none if the whole table is refused.
    """

    account: str
    table: str
    columns: tuple[str, ...] = ()
    is_partial: bool = False

    @property
    def seen(self) -> str:
        """Which right is missing, on what and for whom: a sentence without its full stop."""
        if not self.is_partial:
            what = f"the table {self.table}"
        elif self.columns:
            what = f"columns of the table {self.table} ({', '.join(self.columns)})"
        else:
            what = f"columns of the table {self.table}, and hides their names"
        return f"the practice database refuses {self.account} the right SELECT on {what}"

    @property
    def advice(self) -> str:
        """What to do. The server does not tell whether there still is what it refuses."""
        if not self.is_partial:
            return (
                "Grant it SELECT on the table, and the next refresh takes it back. If it was "
                "dropped on purpose, name it under exclude_tables in overrides.yml."
            )
        return (
            "Grant it SELECT on the whole table, and the next refresh takes it back. Columns that "
            "it is not to read, or that were dropped while it could select only some, are named "
            "under the table in overrides.yml, each with `excluded: true`; they cannot be those of "
            "the key."
        )


def read_account(cursor: Any) -> str:
    """Return the account whose rights count, as grants name it: `reader@%`."""
    cursor.execute("select current_user()")
    return str((cursor.fetchone() or ("",))[0])


def find_partly_hidden(cursor: Any, tables: Collection[str]) -> frozenset[str]:
    """Return which of the tables have columns that the account may not select.

    One question answers for all tables where the account may select the whole database.
    """
    if _selects_whole_database(cursor):
        return frozenset()
    return frozenset(table for table in tables if _is_denied(cursor, "*", table))


def find_refused_tables(cursor: Any, tables: Collection[str]) -> dict[str, MissingRight]:
    """Return which of these tables, which the server does not list, the account may not select.

    A table that does not exist is refused as well, to an account with rights on single tables only.
    """
    if not tables or _selects_whole_database(cursor):
        return {}
    account = read_account(cursor)
    return {
        table: MissingRight(account, table) for table in tables if _is_denied(cursor, "1", table)
    }


def find_refused_columns(cursor: Any, table: str, columns: Collection[str]) -> MissingRight | None:
    """Return which of these columns, which the server does not list, the account may not select.

    A column that does not exist is refused as well, to an account with rights on columns only.
    """
    refused = tuple(column for column in columns if _is_denied(cursor, quote(column), table))
    return MissingRight(read_account(cursor), table, refused, is_partial=True) if refused else None


def _selects_whole_database(cursor: Any) -> bool:
    return _error(cursor, "1", _NO_TABLE) == ER.NO_SUCH_TABLE


def _is_denied(cursor: Any, what: str, table: str) -> bool:
    return _error(cursor, what, table) in _DENIED


def _error(cursor: Any, what: str, table: str) -> int:
    """Select no row, and return the code of the server's error, 0 if there is none.

    Raises the driver's error if the server did not answer about the table at all.
    """
    try:
        cursor.execute(f"select {what} from {quote(table)} limit 0")  # noqa: S608 - quoted
    except pymysql.MySQLError as error:
        code = code_of(error)
        if code in _UNANSWERED or not cursor.connection.open:
            raise
        return code
    return 0
