"""Chooses the secondary indexes of raw tables, and changes those of loaded tables.

A table without rows gets its indexes from its first load, after its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from psycopg import sql

from include.catalog.model import ColumnConfig, IndexChoice, IndexConfig, TableConfig
from include.names import counted
from include.ops.stored_tables import StoredCounts
from include.ops.table_states import TableState
from include.source.structure import TableStructure
from include.warehouse.indexes import existing_indexes, index_names, sync_indexes
from include.warehouse.raw_tables import BOOKKEEPING
from include.warehouse.session import WarehouseConnection

# The most bytes of an index entry. A B-tree takes 2704 with its own overhead, and a row that
# exceeds them makes a load fail.
WIDEST_BYTES = 2600
# Queries of analysts may lock a table for long; the next plan tries again.
LOCK_TIMEOUT_SECONDS = 5
_FIXED_BYTES = 40
_UTF8_BYTES = 4
# upper() and lower() make at most so many characters of one.
_CASE_FACTOR = 3
_LENGTH = re.compile(r"(char|varchar|binary|varbinary)\((\d+)\)")
_LISTED = re.compile(r"(enum|set)\(")

DbtIndexes = Mapping[str, tuple[IndexConfig, ...]]


def with_indexes(
    table: TableConfig, live: TableStructure, dbt_indexes: DbtIndexes | None
) -> TableConfig:
    """Return the config with the indexes that its `index_choice` gives at present.

    Left out are indexes whose columns the key or another index begins with, those with columns
    that raw does not hold, and those with values that may be too long. `dbt_indexes` is None if the
    dbt project was not baked: existing indexes stay then.
    """
    if table.index_choice is IndexChoice.NONE:
        return replace(table, indexes=())
    if table.index_choice is IndexChoice.SOURCE:
        wanted: Iterable[IndexConfig] = [
            IndexConfig(tuple(name.lower() for name in index.columns))
            for index in live.indexes
            if index.is_plain
        ]
    elif dbt_indexes is None:
        return replace(table, indexes=None)
    else:
        wanted = dbt_indexes.get(table.raw_name, ())
    columns = {column.raw_name: column for column in table.replicated_columns}
    fitting = {index for index in wanted if _fits(index, columns)}
    key = IndexConfig(tuple(name.lower() for name in table.key))
    kept = [
        index
        for index in fitting
        if not any(other != index and _begins(other, index) for other in fitting)
        and not _begins(key, index)
    ]
    return replace(
        table, indexes=tuple(sorted(kept, key=lambda one: (one.columns, one.expression or "")))
    )


def sync_all_indexes(
    connection: WarehouseConnection,
    tables: Iterable[TableConfig],
    states: Mapping[str, StoredCounts],
    *,
    is_dry: bool,
) -> list[str]:
    """Give loaded tables the indexes of their configs; return descriptions of the changes.

    Each table's indexes change in a transaction of their own. A dry run changes nothing, and
    describes what would be tried.
    """
    present = existing_indexes(connection)
    changes = []
    for table in tables:
        stored = states.get(table.raw_name)
        if table.indexes is None or stored is None or stored.is_empty:
            continue
        if stored.state is not TableState.LOADED:
            continue
        have, want = present.get(table.raw_name, frozenset()), index_names(table)
        if have == want:
            continue
        if is_dry:
            changes.append(
                f"table {table.name}: {counted(len(want - have), 'index', 'indexes')} to create, "
                f"{len(have - want)} to drop"
            )
            continue
        with connection.transaction():
            connection.execute(
                sql.SQL("set local lock_timeout = {}").format(
                    sql.Literal(f"{LOCK_TIMEOUT_SECONDS}s")
                )
            )
            changes.append(f"table {table.name}: {sync_indexes(connection, table)}")
    return changes


def _fits(index: IndexConfig, columns: Mapping[str, ColumnConfig]) -> bool:
    width = 0
    for name in index.columns:
        if name in BOOKKEEPING:
            width += _FIXED_BYTES
            continue
        if name not in columns:
            return False
        widest = _widest(columns[name])
        if widest is None:
            return False
        # Its expression would depend on the session's time zone, and cannot be indexed.
        if index.expression is not None and columns[name].warehouse_type == "timestamptz":
            return False
        width += widest * (1 if index.expression is None else _CASE_FACTOR)
    return width <= WIDEST_BYTES


def _widest(column: ColumnConfig) -> int | None:
    """Return the most bytes that a value of the column takes; None if there is no limit."""
    declared = column.source_type.lower()
    if column.warehouse_type not in ("text", "bytea"):
        return _FIXED_BYTES
    if match := _LENGTH.match(declared):
        return int(match[2]) * (_UTF8_BYTES if "char" in match[1] else 1)
    return len(declared) * _UTF8_BYTES if _LISTED.match(declared) else None


def _begins(longer: IndexConfig, shorter: IndexConfig) -> bool:
    """Whether the columns of `longer` begin with those of `shorter`."""
    if longer.expression is not None or shorter.expression is not None:
        return longer == shorter
    return longer.columns[: len(shorter.columns)] == shorter.columns
