"""Saves a journal into MariaDB: deletes, inserts and updates by key, each in bulk.

Every operation is by key and carries its values, so that saving the same journal again ends in
the same rows: an `advance` that was interrupted is simply run again.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from include.errors import SourceError, TerminalError
from include.open_dental import schema
from include.source.login import LoginConnection
from include.source.session import SourceConnection, quote, source_errors
from simulator.journal import Journal, Row, Value
from simulator.tables import create_statement

# Marks a database as ours: only such a one, or an empty one, is ever overwritten.
MARK = "simulated dental practice"
_KEYS_PER_DELETE = 500
_LOCAL_FILES_REFUSED = (1148, 3948, 4166)
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"},
)
_HOSTILE = re.compile(r"[\\\n\r\0]")


@contextmanager
def connect(endpoint: Endpoint) -> Iterator[SourceConnection]:
    """Open a session that writes as a practice's own server would: not strict, no zone."""
    connection = LoginConnection(
        endpoint,
        autocommit=False,
        local_infile=True,
        init_command="set session sql_mode = '', time_zone = '+00:00', unique_checks = 0",
    )
    with source_errors(endpoint):
        connection.connect()
    with connection:
        with source_errors(endpoint):
            _write_past_the_log(connection)
        yield connection


def _write_past_the_log(connection: SourceConnection) -> None:
    # A MySQL server that numbers transactions for replicas takes no edit of MyISAM and InnoDB
    # together into its log.
    with connection.cursor() as cursor:
        cursor.execute("show variables like 'enforce_gtid_consistency'")
        if (cursor.fetchone() or ("", "OFF"))[1] == "ON":
            cursor.execute("set session sql_log_bin = 0")


def require_sequences(connection: SourceConnection) -> None:
    """Refuse a server without the tables of numbers from which a past is made."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select count(*)
            from information_schema.engines
            where engine = 'SEQUENCE' and support in ('YES', 'DEFAULT')
            """
        )
        if cursor.fetchone() != (1,):
            raise TerminalError(
                "a practice of so many years needs MariaDB's Sequence engine, which this server "
                "lacks. The database was not changed. Build one of fewer years, or on MariaDB.",
                where="demo practice",
            )


def create_database(
    connection: SourceConnection, database: str, *, engine: schema.Engine | None
) -> None:
    """Make the database with all its tables empty; a former simulated practice is replaced.

    Refuses, before anything is touched, a database that holds tables and is not marked as ours.
    """
    with connection.cursor() as cursor:
        tables, marked = _count_tables(cursor, database)
        if tables and not marked:
            raise TerminalError(
                f"holds {tables} tables that no simulation made. Nothing was changed. Name "
                "another database in AIRFLOW_CONN_OPEN_DENTAL_ADMIN.",
                where=f"database {database}",
            )
        cursor.execute(f"drop database if exists {quote(database)}")
        cursor.execute(f"create database {quote(database)} character set utf8mb3")
        cursor.execute(f"use {quote(database)}")
        for table in schema.tables().values():
            cursor.execute(f"{create_statement(table, engine=engine)} comment='{MARK}'")


def use(connection: SourceConnection, database: str) -> None:
    """Choose the database; refuses one that no simulation made."""
    with connection.cursor() as cursor:
        _, marked = _count_tables(cursor, database)
        if not marked:
            raise TerminalError(
                "is no simulated practice. Nothing was changed. Run `./dental demo build` first.",
                where=f"database {database}",
            )
        cursor.execute(f"use {quote(database)}")


def _count_tables(cursor: Cursor, database: str) -> tuple[int, int]:
    """Return how many tables the database has, and how many of them are marked as ours.

    The mark stands on tables, because MySQL's databases have no comment.
    """
    cursor.execute(
        """
        select count(*), count(case when table_comment = %s then 1 end)
        from information_schema.tables
        where table_schema = %s
        """,
        (MARK, database),
    )
    tables, marked = cursor.fetchone() or (0, 0)
    return int(tables), int(marked)


def save(connection: SourceConnection, journal: Journal) -> None:
    """Write everything that is pending and commit; the journal is empty afterwards."""
    try:
        with connection.cursor() as cursor:
            for name, keys in journal.deletes.items():
                _delete(cursor, name, keys=list(keys))
            for name, rows in journal.inserts.items():
                _insert(cursor, name, rows=rows.values())
            for name, changes in journal.updates.items():
                _update(cursor, name, changes=changes)
        connection.commit()
    except pymysql.MySQLError as error:
        raise explain(error) from None
    journal.clear()


def explain(error: pymysql.MySQLError) -> SourceError | TerminalError:
    """Say what a failed save means; the driver's own text may hold values and is left out."""
    code = error.args[0] if error.args else 0
    if code in _LOCAL_FILES_REFUSED:
        return TerminalError(
            f"the server does not let clients load files of their own (error {code}). Nothing of "
            "this step was written. Set `local_infile = ON` on it, then run the command again.",
            where="demo practice",
        )
    return SourceError(
        f"a statement failed (error {code}). The simulated practice is half written; the state "
        "file still tells of the last complete day. Run the same command again.",
        where="demo practice",
    )


def _delete(cursor: Cursor, name: str, *, keys: list[int]) -> None:
    table = schema.tables()[name]
    for start in range(0, len(keys), _KEYS_PER_DELETE):
        part = ", ".join(map(str, keys[start : start + _KEYS_PER_DELETE]))
        cursor.execute(f"delete from {quote(name)} where {quote(table.key)} in ({part})")  # noqa: S608


def _insert(cursor: Cursor, name: str, *, rows: Iterable[Row]) -> None:
    for columns, group in _by_columns(rows).items():
        load(cursor, name, columns=columns, lines=map(_line, group))


def _update(cursor: Cursor, name: str, *, changes: dict[int, Row]) -> None:
    """Load the new values into a temporary table and join it: one statement a set of columns."""
    key = schema.tables()[name].key
    keyed: list[Row] = [{key: number, **values} for number, values in changes.items()]
    # A server that crashed repairs a table when a query opens it, not when CREATE ... SELECT does.
    cursor.execute(f"select 1 from {quote(name)} limit 0")  # noqa: S608 - quoted facts
    for columns, group in _by_columns(keyed).items():
        listed = ", ".join(map(quote, columns))
        cursor.execute("drop temporary table if exists changes")
        empty = f"select {listed} from {quote(name)} limit 0"  # noqa: S608 - quoted facts
        cursor.execute(
            f"create temporary table changes (primary key ({quote(key)})) engine=MyISAM {empty}"
        )
        load(cursor, "changes", columns=columns, lines=map(_line, group))
        settings = ", ".join(f"t.{quote(c)} = c.{quote(c)}" for c in columns if c != key)
        # An edit that leaves the stamp alone must say so, or the server would move it.
        stamp = schema.tables()[name].stamp
        if stamp is not None and stamp not in columns:
            settings += f", t.{quote(stamp)} = t.{quote(stamp)}"
        joined = f"{quote(name)} t join changes c using ({quote(key)})"
        cursor.execute(f"update {joined} set {settings}")  # noqa: S608 - quoted facts
    cursor.execute("drop temporary table if exists changes")


def _by_columns(rows: Iterable[Row]) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row)].append(row)
    return groups


def load(cursor: Cursor, name: str, *, columns: tuple[str, ...], lines: Iterable[str]) -> None:
    """Load lines of escaped, tabbed values; rows of the same key are replaced."""
    with tempfile.TemporaryDirectory(prefix="dental-demo-") as directory:
        path = Path(directory) / "rows"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        listed = ", ".join(map(quote, columns))
        cursor.execute(
            f"load data local infile '{path}' replace into table {quote(name)} "
            f"character set utf8mb4 fields escaped by '\\\\' ({listed})"
        )


def _line(row: Row) -> str:
    """Return a row as LOAD DATA reads it; most rows need no escaping, which is seen at once."""
    values = row.values()
    line = "\t".join(map(str, values))
    if None in values or line.count("\t") >= len(row) or _HOSTILE.search(line):
        return "\t".join(map(_escaped, values)) + "\n"
    return line + "\n"


def _escaped(value: Value) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPES)
