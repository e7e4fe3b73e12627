"""Translate the drivers' errors into the project's.

The drivers' own texts may hold row values, so they are never passed on.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pymysql
from psycopg import errors as pg
from pymysql.constants import ER

from include.endpoints import Endpoint
from include.errors import PipelineError, StructureError, TerminalError, WarehouseError
from include.source.error_codes import code_of, meaning_of
from include.source.session import source_error
from include.warehouse.rights import missing_rights
from include.warehouse.watch import silence_behind

_CODE = Path(__file__).parents[1]
_KEPT = "What is not yet committed was rolled back; the rows of the last good load are intact."
_CHANGED_SOURCE = {
    ER.NO_SUCH_TABLE: "the source no longer has this table",
    ER.BAD_FIELD_ERROR: "the source no longer has one of the configured columns",
    ER.KEY_DOES_NOT_EXITS: "the source no longer has the index of the configured key",
}


MERGED_KEYS = "the source's character set has several codes for one character"
SEPARATE_KEYS = (
    "Change one of them in the source, or leave the table out (exclude_tables in overrides.yml)."
)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Classes of psycopg's errors, the project's error for them, what was seen and what to do."""

    errors: tuple[type[psycopg.Error], ...]
    kind: type[PipelineError]
    seen: str
    advice: str


# The first match decides: base classes come after the classes derived from them.
_MEANINGS = (
    _Meaning(
        (pg.DiskFull,),
        TerminalError,
        "the warehouse's disk is full",
        "Free space there, then refresh this table again.",
    ),
    _Meaning(
        (pg.ReadOnlySqlTransaction,),
        TerminalError,
        "the warehouse takes no writes at present: it is a standby, or was made read-only",
        "Let the connection 'warehouse' name the primary server.",
    ),
    _Meaning(
        (pg.DataCorrupted, pg.IndexCorrupted),
        TerminalError,
        "the warehouse reports damaged data",
        "Have its administrator look at the server's log and disk before anything else is loaded.",
    ),
    _Meaning(
        (pg.DatabaseDropped,),
        TerminalError,
        "the warehouse's database was dropped while it was written",
        "Create it again; the next refresh loads everything.",
    ),
    _Meaning(
        (pg.DeadlockDetected, pg.SerializationFailure),
        WarehouseError,
        "the warehouse ended a deadlock with another session by rolling this one back",
        "Try again.",
    ),
    _Meaning(
        (pg.LockNotAvailable,),
        WarehouseError,
        "another session kept the table locked for too long",
        "Try again when it has ended.",
    ),
    _Meaning(
        (pg.QueryCanceled,),
        WarehouseError,
        "the warehouse cancelled a statement: it ran into statement_timeout, or a person did it",
        "Try again.",
    ),
    _Meaning(
        (pg.IdleInTransactionSessionTimeout, pg.IdleSessionTimeout),
        WarehouseError,
        "the warehouse ended a session that had said nothing for too long, as after a process or "
        "machine was stopped",
        "Try again.",
    ),
    _Meaning(
        (pg.AdminShutdown, pg.CrashShutdown, pg.CannotConnectNow),
        WarehouseError,
        "the warehouse was stopped or restarted, or somebody ended this session",
        "Try again when it has started.",
    ),
    _Meaning(
        (pg.TooManyConnections,),
        WarehouseError,
        "the warehouse has no connection left",
        "Try again; if it happens again, raise max_connections there or start fewer tasks at once.",
    ),
    _Meaning(
        (pg.OutOfMemory,),
        WarehouseError,
        "the warehouse is out of memory",
        "Try again when it has less to do; if it happens again, lower its work_mem.",
    ),
    _Meaning(
        (pg.CharacterNotInRepertoire, pg.UntranslatableCharacter),
        StructureError,
        "{column} holds bytes that are no valid UTF-8 (they are not shown)",
        "Correct them in the source, or exclude the column in overrides.yml; of a table whose key "
        "holds it, only the whole table can be left out (exclude_tables).",
    ),
    _Meaning(
        (pg.UniqueViolation,),
        StructureError,
        f"two keys of the source become the same in the warehouse: {MERGED_KEYS}",
        SEPARATE_KEYS,
    ),
    _Meaning(
        (psycopg.DataError, pg.ProgramLimitExceeded),
        StructureError,
        "{column} holds something that PostgreSQL cannot hold and no rule covers; the value is "
        "not shown",
        "Correct it in the source, or exclude the column in overrides.yml.",
    ),
    _Meaning(
        (pg.UndefinedTable, pg.UndefinedColumn),
        StructureError,
        "the warehouse lacks this raw table, one of its columns or a table of ops",
        "Run `./dental migrate`, then start a refresh: its plan creates raw tables.",
    ),
    _Meaning(
        (psycopg.OperationalError, psycopg.InterfaceError),
        WarehouseError,
        "the connection to the warehouse was cut",
        "Check that the server runs, then try again.",
    ),
    _Meaning(
        (psycopg.Error,),
        WarehouseError,
        "the warehouse refused a statement",
        "Try again; if it happens again, the server's log has the statement.",
    ),
)
_COLUMN_IN_CONTEXT = re.compile(r"line \d+, column ([^:\s]+)")


@contextmanager
def driver_errors(source: Endpoint, warehouse: Endpoint, table: str) -> Iterator[None]:
    """Turn the drivers' errors into the project's two families, without any value."""
    try:
        yield
    except psycopg.Error as error:
        raise _warehouse_error(error, warehouse, table) from None
    except pymysql.MySQLError as error:
        raise _source_error(error, source, table) from None


def describe(error: BaseException) -> str:
    """Return a text about an error that may be recorded; a driver's text may hold row values."""
    if isinstance(error, PipelineError):
        return str(error)
    return f"{type(error).__name__}{_place(error)} (its text may hold values and is not shown)"


def untranslated(error: psycopg.Error | pymysql.MySQLError, warehouse: Endpoint) -> PipelineError:
    """Return the project's error for a driver's that nobody expected where it came up."""
    if isinstance(error, pymysql.MySQLError):
        found = meaning_of(error)
        seen = f"the practice database {found.seen} (error {code_of(error)}"
        kind, advice = found.kind, f"{found.advice}."
    else:
        meaning = _meaning_of(error)
        kind, seen, advice = meaning.kind, meaning.seen.format(column="a column"), meaning.advice
        if isinstance(error, pg.InsufficientPrivilege):
            denial = missing_rights(warehouse)
            kind, seen, advice = TerminalError, denial.seen, denial.advice
        seen = f"{seen} (SQLSTATE {error.sqlstate or 'none'}"
    return kind(f"{seen}{_place(error)}). What is not yet committed was rolled back. {advice}")


def _place(error: BaseException) -> str:
    """Return where the project's own code was when the error came up."""
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_CODE)
    ]
    if not ours:
        return ""
    return f" in {Path(ours[-1].filename).relative_to(_CODE.parent)}, line {ours[-1].lineno}"


def _source_error(error: pymysql.MySQLError, source: Endpoint, table: str) -> PipelineError:
    code = code_of(error)
    if code in _CHANGED_SOURCE:
        return StructureError(
            f"{_CHANGED_SOURCE[code]} (error {code}). {_KEPT} The next refresh follows what has "
            "changed.",
            where=f"table {table}",
        )
    meant = source_error(error, source)
    return type(meant)(f"while table {table} was read: {meant.message}", where=meant.where)


def _meaning_of(error: psycopg.Error) -> _Meaning:
    silence = silence_behind(error)
    if silence is not None:
        return _Meaning((), WarehouseError, f"the warehouse {silence.seen}", silence.advice)
    return next(m for m in _MEANINGS if _means(m, error))


def _means(meaning: _Meaning, error: psycopg.Error) -> bool:
    if not isinstance(error, meaning.errors):
        return False
    # The keys of ops are the pipeline's own.
    return not isinstance(error, pg.UniqueViolation) or error.diag.schema_name == "raw"


def _warehouse_error(error: psycopg.Error, warehouse: Endpoint, table: str) -> PipelineError:
    where = f"table {table} in {warehouse.name}"
    if isinstance(error, pg.InsufficientPrivilege):
        denial = missing_rights(warehouse, raw_table=table.lower())
        return TerminalError(
            f"{denial.seen} (SQLSTATE {error.sqlstate}). {_KEPT} {denial.advice}", where=where
        )
    meaning = _meaning_of(error)
    column = _COLUMN_IN_CONTEXT.search(error.diag.context or "")
    seen = meaning.seen.format(column=f"column {column[1]}" if column else "a column")
    return meaning.kind(
        f"{seen} (SQLSTATE {error.sqlstate or 'none'}). {_KEPT} {meaning.advice}", where=where
    )
