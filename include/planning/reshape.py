"""Alters raw tables to fit the config: new columns, wider types, retired columns, other types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from include.catalog.model import ColumnConfig, TableConfig
from include.errors import StructureError
from include.ops.loads import next_batch_id
from include.ops.table_states import record_altered, start_over
from include.planning.drift import is_wider
from include.warehouse import dependents, raw_tables
from include.warehouse.indexes import drop_indexes
from include.warehouse.session import WarehouseConnection

_SPELLED_OUT = {
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
}


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column of a raw table; retired ones are those that the source no longer has."""

    type: str
    is_retired: bool


@dataclass(frozen=True, slots=True)
class Reshaping:
    """What has to change in a raw table so that it fits its config.

    `added`, `widened` and `other` are columns of the config; those in `other` get a type that
    cannot hold the old values unchanged. `retired` are names of raw columns.
    """

    added: tuple[ColumnConfig, ...] = ()
    widened: tuple[ColumnConfig, ...] = ()
    other: tuple[ColumnConfig, ...] = ()
    retired: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.widened or self.other or self.retired)


def read_raw_columns(connection: WarehouseConnection) -> dict[str, dict[str, RawColumn]]:
    """Return the columns of every raw table without bookkeeping columns, in one query."""
    rows = connection.execute(
        """
        select
            c.relname,
            a.attname,
            format_type(a.atttypid, a.atttypmod),
            coalesce(col_description(c.oid, a.attnum) = %s, false)
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r'
            and a.attnum > 0 and not a.attisdropped
        order by c.relname, a.attnum
        """,
        (raw_tables.RETIRED,),
    ).fetchall()
    found: dict[str, dict[str, RawColumn]] = defaultdict(dict)
    for table, column, kind, is_retired in rows:
        columns = found[table]
        if column not in raw_tables.BOOKKEEPING:
            columns[column] = RawColumn(kind, is_retired)
    return dict(found)


def plan_reshaping(table: TableConfig, present: Mapping[str, RawColumn]) -> Reshaping:
    """Return what has to change in a raw table of these columns so that it fits the config."""
    added: list[ColumnConfig] = []
    widened: list[ColumnConfig] = []
    other: list[ColumnConfig] = []
    wanted = {column.raw_name: column for column in table.replicated_columns}
    for name, column in wanted.items():
        found = present.get(name)
        kind = _SPELLED_OUT.get(column.warehouse_type, column.warehouse_type)
        if found is None:
            added.append(column)
        elif found.type != kind:
            old = {long: short for short, long in _SPELLED_OUT.items()}.get(found.type, found.type)
            (widened if is_wider(old, column.warehouse_type) else other).append(column)
            if found.is_retired:
                added.append(column)
        elif found.is_retired:
            added.append(column)
    retired = [
        name for name, column in present.items() if name not in wanted and not column.is_retired
    ]
    return Reshaping(tuple(added), tuple(widened), tuple(other), tuple(retired))


def apply_reshaping(
    connection: WarehouseConnection, table: TableConfig, reshaping: Reshaping
) -> None:
    """Alter a raw table in the caller's transaction; the views over it are the same afterwards.

    A column of another type becomes NULL behind a closed gate, until the next load fills it. If it
    belongs to the key, the table is emptied. Raises StructureError for what cannot be altered.
    """
    for column in reshaping.widened:
        raw_tables.widen_column(connection, table, column)
    if reshaping.other:
        _start_over(connection, table, reshaping.other)
    for column in reshaping.added:
        try:
            raw_tables.add_column(connection, table, column)
        except psycopg.errors.TooManyColumns:
            raise StructureError(
                "is one column too many: PostgreSQL counts those that the source has dropped, "
                "too. Nothing was changed; the rows of the last good load are intact. Exclude the "
                "column in overrides.yml, or drop retired columns of the raw table.",
                where=f"{table.name}.{column.name}",
            ) from None
    if set(reshaping.retired) & set(raw_tables.primary_key(connection, table.raw_name)):
        # Without their key, rows cannot be told apart: the next load compares or writes all.
        raw_tables.drop_primary_key(connection, table.raw_name)
        batch_id = next_batch_id(connection)
        start_over(connection, table.raw_name, is_emptied=False, batch_id=batch_id)
    for name in reshaping.retired:
        batch_id = next_batch_id(connection)
        raw_tables.retire_column(connection, table, name, batch_id=batch_id)
        record_altered(connection, table.raw_name, batch_id=batch_id)


def _start_over(
    connection: WarehouseConnection, table: TableConfig, columns: tuple[ColumnConfig, ...]
) -> None:
    name = raw_tables.identifier(table.raw_name)
    in_key = {column.lower() for column in table.key} | set(
        raw_tables.primary_key(connection, table.raw_name)
    )
    is_rebuilt = any(column.raw_name in in_key for column in columns)
    views = dependents.drop_views(connection, raw_tables.SCHEMA, table.raw_name)
    # They may be useless or impossible with the other type; the plan creates those that still fit.
    drop_indexes(connection, table.raw_name)
    if is_rebuilt:
        raw_tables.drop_primary_key(connection, table.raw_name)
        connection.execute(sql.SQL("truncate {}").format(name))
    for column in columns:
        kind = sql.SQL(column.warehouse_type)
        connection.execute(
            sql.SQL("alter table {} alter column {} type {} using null").format(
                name, sql.Identifier(column.raw_name), kind
            )
        )
    dependents.recreate_views(connection, views)
    batch_id = next_batch_id(connection)
    start_over(connection, table.raw_name, is_emptied=is_rebuilt, batch_id=batch_id)
