"""What the drivers' errors mean for a load. Their own texts hold values and never pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pymysql
from pymysql.constants import ER

from include.endpoints import Endpoint
from include.errors import PipelineError, StructureError, TerminalError, WarehouseError
from include.source.session import translate

_KEPT = "What is not yet committed was rolled back; the rows of the last good load are intact."
_CHANGED_SOURCE = {
    ER.NO_SUCH_TABLE: "the source no longer has this table",
    ER.BAD_FIELD_ERROR: "the source no longer has one of the configured columns",
    ER.KEY_DOES_NOT_EXITS: "the source no longer has the index of the configured key",
}
_COLUMN_IN_CONTEXT = re.compile(r"line \d+, column ([^:\s]+)")


@contextmanager
def translated(source: Endpoint, warehouse: Endpoint, table: str) -> Iterator[None]:
    """Turn the drivers' errors into the project's two families, without any value."""
    try:
        yield
    except psycopg.Error as error:
        raise _warehouse_error(error, warehouse, table) from None
    except pymysql.MySQLError as error:
        raise _source_error(error, source, table) from None


def describe(error: BaseException) -> str:
    """Return what may be recorded about an error: foreign texts may hold values, so only ours."""
    if isinstance(error, PipelineError):
        return str(error)
    return f"{type(error).__name__} (its text may hold values and is not shown)"


def _source_error(error: pymysql.MySQLError, source: Endpoint, table: str) -> PipelineError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if code in _CHANGED_SOURCE:
        return StructureError(
            f"{_CHANGED_SOURCE[code]} (error {code}). {_KEPT} Run the discover_open_dental DAG, "
            "then refresh this table again.",
            where=f"table {table}",
        )
    meant = translate(error, source)
    return type(meant)(f"while table {table} was read: {meant.message}", where=meant.where)


def _warehouse_error(error: psycopg.Error, warehouse: Endpoint, table: str) -> PipelineError:
    state = error.sqlstate or "none"
    where = f"table {table} in {warehouse.name}"
    if isinstance(error, psycopg.errors.DiskFull):
        return TerminalError(
            f"the warehouse's disk is full (SQLSTATE {state}). {_KEPT} Free space there, then "
            "refresh this table again.",
            where=where,
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return TerminalError(
            f"the warehouse denies this account a privilege (SQLSTATE {state}). {_KEPT} Grant it "
            "the schemas raw and ops, then refresh this table again.",
            where=where,
        )
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return WarehouseError(
            f"another session kept the table locked for too long (SQLSTATE {state}). {_KEPT} Try "
            "again when it has ended.",
            where=where,
        )
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.QueryCanceled):
        return WarehouseError(
            f"the warehouse cancelled a statement (SQLSTATE {state}: deadlock, timeout or a person "
            f"did it). {_KEPT} Try again.",
            where=where,
        )
    if isinstance(error, psycopg.DataError | psycopg.errors.ProgramLimitExceeded):
        column = _COLUMN_IN_CONTEXT.search(error.diag.context or "")
        name = f"column {column[1]}" if column else "a column"
        return StructureError(
            f"{name} holds something that PostgreSQL cannot hold and no rule covers (SQLSTATE "
            f"{state}; the value is not shown). {_KEPT} Correct it in the source, or exclude the "
            "column in overrides.yml.",
            where=where,
        )
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return StructureError(
            f"the warehouse lacks this raw table, one of its columns or a table of ops (SQLSTATE "
            f"{state}). {_KEPT} Start a refresh: its plan creates what is missing.",
            where=where,
        )
    if isinstance(error, psycopg.OperationalError):
        return WarehouseError(
            f"the warehouse broke off (SQLSTATE {state}). {_KEPT} Check that the server runs, then "
            "try again.",
            where=where,
        )
    return WarehouseError(
        f"the warehouse refused a statement (SQLSTATE {state}). {_KEPT} Try again; if it happens "
        "again, the server's log has the statement.",
        where=where,
    )
