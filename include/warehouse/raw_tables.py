"""The tables of the schema `raw`: created once, altered in place, never dropped.

Every function works in the caller's transaction. Staging views read these tables: for a change that
PostgreSQL refuses under a view, the dependent views are dropped and created again as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg import sql

from include.catalog.model import ColumnConfig, TableConfig
from include.errors import StructureError
from include.source.warehouse_types import NAME_LIMIT_BYTES
from include.warehouse import dependents
from include.warehouse.session import WarehouseConnection

SCHEMA = "raw"
BOOKKEEPING = ("_loaded_at", "_batch_id", "_deleted_at")
_SPELLED = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}
RETIRED = "retired: the source no longer has this column"


def identifier(raw_name: str) -> sql.Identifier:
    """Return the quoted name of a raw table."""
    return sql.Identifier(SCHEMA, raw_name)


def derived_name(prefix: str, facts: Sequence[str], *, label: str) -> str:
    """Return a name in `raw` for what belongs to a raw table: unique for the facts, 63 bytes.

    The prefix begins with an underscore, with which no raw table's name may begin.
    """
    digest = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:8]
    name = f"{prefix}{digest}_{label}".encode()
    return name[:NAME_LIMIT_BYTES].decode(errors="ignore")


def create_table(connection: WarehouseConnection, table: TableConfig) -> bool:
    """Create the raw table, empty and without keys, unless it exists; say whether it was created.

    Loading adds the primary key, because an index costs less to build than to keep up. Its state
    in `ops` is the caller's: see `include.ops.table_states`. Of several that create it at once, one
    does and the others wait for its transaction. An index that has the table's name is given
    another one. Raises StructureError when anything else in `raw` has it.
    """
    kind = _kind_of(connection, table.raw_name)
    if kind != "r":
        # Of two plans that begin at once, the later one finds what the earlier one has made.
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"create {table.raw_name}",)
        )
        kind = _kind_of(connection, table.raw_name)
    if kind == "i":
        _rename_index(connection, table.raw_name)
    if kind != "r":
        columns = [_definition(table, column) for column in table.replicated_columns]
        columns += [
            sql.SQL("_loaded_at timestamptz not null"),
            sql.SQL("_batch_id bigint not null"),
            sql.SQL("_deleted_at timestamptz"),
        ]
        statement = sql.SQL("create table {} ({})").format(
            identifier(table.raw_name), sql.SQL(", ").join(columns)
        )
        try:
            connection.execute(statement)
        except (psycopg.errors.DuplicateTable, psycopg.errors.DuplicateObject):
            raise StructureError(
                "the schema raw holds something else of this name (a view, a sequence or a type). "
                "Nothing was created, and no other table is affected. Rename or move what is "
                "there; the next refresh takes the table in.",
                where=f"table {table.name}",
            ) from None
    return kind != "r"


def column_types(connection: WarehouseConnection, raw_name: str) -> dict[str, str]:
    """Return the raw table's columns with their types as the config spells them, in its order.

    Bookkeeping columns are left out; a table that is missing has no columns.
    """
    rows = connection.execute(
        """
        select attname, format_type(atttypid, atttypmod)
        from pg_attribute
        where attrelid = to_regclass(format('raw.%%I', %s::text))
            and attnum > 0 and not attisdropped
        order by attnum
        """,
        (raw_name,),
    ).fetchall()
    return {
        str(name): _SPELLED.get(kind, str(kind)) for name, kind in rows if name not in BOOKKEEPING
    }


def owner(connection: WarehouseConnection, raw_name: str) -> str:
    """Return the role that owns a raw table."""
    row = connection.execute(
        """
        select pg_get_userbyid(relowner)
        from pg_class
        where relnamespace = to_regnamespace('raw') and relname = %s
        """,
        (raw_name,),
    ).fetchone()
    return str(row[0]) if row else "nobody"


def retired_columns(connection: WarehouseConnection, raw_name: str) -> tuple[str, ...]:
    """Return the columns that the source no longer has; they hold NULL."""
    rows = connection.execute(
        """
        select attname
        from pg_attribute
        where attrelid = to_regclass(format('raw.%%I', %s::text))
            and attnum > 0 and not attisdropped and col_description(attrelid, attnum) = %s
        order by attnum
        """,
        (raw_name, RETIRED),
    ).fetchall()
    return tuple(name for (name,) in rows)


def add_column(connection: WarehouseConnection, table: TableConfig, column: ColumnConfig) -> None:
    """Add a column, NULL until the next load fills it; a retired one of that name is reused.

    Raises StructureError when the retired column has another type.
    """
    present = column_types(connection, table.raw_name)
    if column.raw_name in present:
        if column.raw_name not in retired_columns(connection, table.raw_name):
            return
        if present[column.raw_name] != column.warehouse_type:
            raise StructureError(
                f"comes back as {column.warehouse_type}, but the warehouse keeps a retired column "
                f"of that name as {present[column.raw_name]}. Nothing was changed. Widen it, or "
                "exclude the column in overrides.yml.",
                where=f"{table.name}.{column.name}",
            )
        _comment(connection, table.raw_name, column.raw_name, None)
        return
    connection.execute(
        sql.SQL("alter table {} add column {}").format(
            identifier(table.raw_name), _definition(table, column)
        )
    )


def widen_column(connection: WarehouseConnection, table: TableConfig, column: ColumnConfig) -> None:
    """Give a column its wider type; views that depend on the table are the same afterwards.

    The views are created again with their definitions, owners, options, comments and grants. Raises
    StructureError, before any change, for dependents that are no plain views (materialized views,
    rules).
    """
    views = dependents.drop_views(connection, SCHEMA, table.raw_name)
    connection.execute(
        sql.SQL("alter table {} alter column {} type {}").format(
            identifier(table.raw_name),
            sql.Identifier(column.raw_name),
            _type(column),
        )
    )
    dependents.recreate_views(connection, views)


def retire_column(
    connection: WarehouseConnection, table: TableConfig, raw_column: str, *, batch_id: int
) -> None:
    """Keep a column that the source dropped, set to NULL; rows that change get this batch id."""
    name = sql.Identifier(raw_column)
    # It is NOT NULL if an interrupted load was still to add a key with it (see forbid_null).
    connection.execute(
        sql.SQL("alter table {} alter column {} drop not null").format(
            identifier(table.raw_name), name
        )
    )
    connection.execute(
        sql.SQL(
            """
            update {table} set
                {column} = null, _loaded_at = now(), _batch_id = {batch_id}
            where {column} is not null
            """
        ).format(table=identifier(table.raw_name), column=name, batch_id=sql.Literal(batch_id))
    )
    _comment(connection, table.raw_name, raw_column, RETIRED)


def primary_key(connection: WarehouseConnection, raw_name: str) -> tuple[str, ...]:
    """Return the columns of the raw table's primary key; nothing while it has none."""
    row = connection.execute(
        """
        select array(
            select a.attname::text
            from unnest(i.indkey) with ordinality as k (n, at)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n
            order by k.at
        )
        from pg_index i
        where i.indrelid = to_regclass(format('raw.%%I', %s::text)) and i.indisprimary
        """,
        (raw_name,),
    ).fetchone()
    return tuple(row[0]) if row else ()


def add_primary_key(connection: WarehouseConnection, raw_name: str, columns: Sequence[str]) -> None:
    """Add the primary key, under a name that no raw table can have."""
    connection.execute(
        sql.SQL("alter table {} add constraint {} primary key ({})").format(
            identifier(raw_name),
            sql.Identifier(derived_name("_pk_", (raw_name,), label=raw_name)),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
    )


def forbid_null(connection: WarehouseConnection, raw_name: str, columns: Sequence[str]) -> None:
    """Make these columns NOT NULL, and all others nullable, in a table that is still empty.

    Adding the primary key later then need not search every row for NULL. Bookkeeping columns are
    left alone.
    """
    rows = connection.execute(
        """
        select attname
        from pg_attribute
        where attrelid = to_regclass(format('raw.%%I', %s::text))
            and attnum > 0 and attnotnull and not attisdropped and attname <> all(%s)
        """,
        (raw_name, list(BOOKKEEPING)),
    ).fetchall()
    present = {str(name) for (name,) in rows}
    changes: list[tuple[str, LiteralString]] = [
        (name, "set") for name in columns if name not in present
    ]
    changes += [(name, "drop") for name in sorted(present - set(columns))]
    if changes:
        connection.execute(
            sql.SQL("alter table {} {}").format(
                identifier(raw_name),
                sql.SQL(", ").join(
                    sql.SQL("alter column {} {} not null").format(
                        sql.Identifier(name), sql.SQL(change)
                    )
                    for name, change in changes
                ),
            )
        )


def drop_primary_key(connection: WarehouseConnection, raw_name: str) -> None:
    """Drop the primary key, whatever its name; its columns may be NULL again."""
    row = connection.execute(
        """
        select conname
        from pg_constraint
        where conrelid = to_regclass(format('raw.%%I', %s::text)) and contype = 'p'
        """,
        (raw_name,),
    ).fetchone()
    if row is None:
        return
    columns = primary_key(connection, raw_name)
    connection.execute(
        sql.SQL("alter table {} drop constraint {}").format(
            identifier(raw_name), sql.Identifier(row[0])
        )
    )
    for column in columns:
        connection.execute(
            sql.SQL("alter table {} alter column {} drop not null").format(
                identifier(raw_name), sql.Identifier(column)
            )
        )


def _kind_of(connection: WarehouseConnection, name: str) -> str | None:
    """Return the kind of the relation that has this name in `raw`, as pg_class writes it."""
    row = connection.execute(
        """
        select relkind::text
        from pg_class
        where relnamespace = to_regnamespace('raw') and relname = %s
        """,
        (name,),
    ).fetchone()
    return str(row[0]) if row else None


def _rename_index(connection: WarehouseConnection, name: str) -> None:
    # Keys were once named after their tables, as PostgreSQL does it, and people make indexes.
    other = derived_name("_was_", (name,), label=name)
    connection.execute(
        sql.SQL("alter index {} rename to {}").format(identifier(name), sql.Identifier(other))
    )


def _definition(table: TableConfig, column: ColumnConfig) -> sql.Composable:
    # Keys compare by bytes whatever the database's collation is; only key columns need it.
    collation = (
        sql.SQL(' collate "C"')
        if column.name in table.key and column.warehouse_type == "text"
        else sql.SQL("")
    )
    return sql.SQL("{} {}{}").format(sql.Identifier(column.raw_name), _type(column), collation)


def _type(column: ColumnConfig) -> sql.SQL:
    # A type from the closed list of include.source.warehouse_types, never text of the source.
    return sql.SQL(column.warehouse_type)


def _comment(
    connection: WarehouseConnection, raw_name: str, raw_column: str, text: str | None
) -> None:
    connection.execute(
        sql.SQL("comment on column {} is {}").format(
            sql.Identifier(SCHEMA, raw_name, raw_column), sql.Literal(text)
        )
    )
