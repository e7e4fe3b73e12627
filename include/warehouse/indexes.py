"""Create and drop the pipeline's secondary indexes of raw tables; other indexes are left alone.

The pipeline's indexes have a prefix with which no raw table's name may begin. An index that cannot
be built is no error: it is logged, and the next plan tries again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from include.catalog.model import IndexConfig, TableConfig
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)

PREFIX = "_ix_"
# The server has no space, no lock or no time left, or does not allow the index for these values.
_REFUSALS = (
    psycopg.errors.DiskFull,
    psycopg.errors.OutOfMemory,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.ProgrammingError,
    psycopg.errors.DataError,
)


@dataclass(frozen=True, slots=True)
class IndexChanges:
    """The names of the indexes that were created, dropped, and could not be built."""

    created: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [
            f"{len(names)} {'index' if len(names) == 1 else 'indexes'} {what}"
            for names, what in (
                (self.created, "created"),
                (self.dropped, "dropped"),
                (self.refused, "not built, see the log"),
            )
            if names
        ]
        return ", ".join(parts) or "no index changed"


def index_name(raw_name: str, index: IndexConfig) -> str:
    """Return the index's name, unique for table, columns and expression, of 63 bytes at most."""
    facts = (raw_name, *index.columns, index.expression or "")
    return raw_tables.derived_name(PREFIX, facts, label="_".join((raw_name, *index.columns)))


def index_names(table: TableConfig) -> frozenset[str]:
    """Return the names of the indexes in the config."""
    return frozenset(index_name(table.raw_name, index) for index in table.indexes or ())


def existing_indexes(connection: WarehouseConnection) -> dict[str, frozenset[str]]:
    """Return the names of the pipeline's indexes, by raw table, in one query."""
    found: dict[str, set[str]] = defaultdict(set)
    for table, name in connection.execute(
        """
        select c.relname, i.relname
        from pg_index x
        join pg_class i on i.oid = x.indexrelid
        join pg_class c on c.oid = x.indrelid
        where c.relnamespace = to_regnamespace('raw') and starts_with(i.relname, %s)
        """,
        (PREFIX,),
    ):
        found[table].add(name)
    return {table: frozenset(names) for table, names in found.items()}


def sync_indexes(connection: WarehouseConnection, table: TableConfig) -> IndexChanges:
    """Create and drop indexes of the raw table, so that it has those of its config.

    Works in the caller's transaction, and may be repeated. Each change is a savepoint: one that the
    server refuses is rolled back alone and logged. Changes nothing when `table.indexes` is None.
    """
    if table.indexes is None:
        return IndexChanges()
    present = set(_of_table(connection, table.raw_name))
    wanted = {index_name(table.raw_name, index): index for index in table.indexes}
    dropped = [
        name for name in sorted(present - set(wanted)) if _attempt(connection, table, _drop(name))
    ]
    created: list[str] = []
    refused: list[str] = []
    for name, index in wanted.items():
        if name not in present:
            built = _attempt(connection, table, _create(table.raw_name, name, index))
            (created if built else refused).append(name)
    return IndexChanges(tuple(created), tuple(dropped), tuple(refused))


def drop_indexes(connection: WarehouseConnection, raw_name: str) -> None:
    """Drop the pipeline's indexes of a raw table that is filled anew: loading is faster without.

    Works in the caller's transaction.
    """
    for name in _of_table(connection, raw_name):
        connection.execute(_drop(name))


def _of_table(connection: WarehouseConnection, raw_name: str) -> Sequence[str]:
    rows = connection.execute(
        """
        select i.relname
        from pg_index x
        join pg_class i on i.oid = x.indexrelid
        where x.indrelid = to_regclass(format('raw.%%I', %s::text)) and starts_with(i.relname, %s)
        order by i.relname
        """,
        (raw_name, PREFIX),
    ).fetchall()
    return [name for (name,) in rows]


def _attempt(connection: WarehouseConnection, table: TableConfig, statement: sql.Composed) -> bool:
    try:
        with connection.transaction():
            connection.execute(statement)
    except _REFUSALS as error:
        log.warning(
            "table %s: an index could not be changed (SQLSTATE %s); nothing else is affected, and "
            "the next plan tries again: %s",
            table.name,
            error.sqlstate,
            statement.as_string(connection),
        )
        return False
    return True


def _drop(name: str) -> sql.Composed:
    return sql.SQL("drop index {}").format(sql.Identifier(raw_tables.SCHEMA, name))


def _create(raw_name: str, name: str, index: IndexConfig) -> sql.Composed:
    if index.expression is None:
        parts = sql.SQL(", ").join(map(sql.Identifier, index.columns))
    else:
        # Safe as SQL: include.transform.condition_columns accepts only a few forms of expressions.
        parts = sql.SQL("({})").format(sql.SQL(index.expression))
    return sql.SQL("create index {} on {} ({})").format(
        sql.Identifier(name), raw_tables.identifier(raw_name), parts
    )
