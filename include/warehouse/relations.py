"""What the warehouse's catalog says of relations: which there are, and what columns they have."""

from __future__ import annotations

from collections.abc import Collection

from include.warehouse.raw_tables import SCHEMA
from include.warehouse.session import WarehouseConnection


def read_relations(
    connection: WarehouseConnection, schemas: Collection[str]
) -> dict[tuple[str, str], str]:
    """Return the kind of each table and view of these schemas, by schema and name."""
    return {
        (schema, name): kind
        for schema, name, kind in connection.execute(
            """
            select n.nspname, c.relname, c.relkind::text
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm')
            """,
            (sorted(schemas),),
        )
    }


def read_raw_forms(connection: WarehouseConnection) -> dict[str, str]:
    """Return, for each raw table, what changes when it gets, loses or alters a column."""
    return dict(
        connection.execute(
            """
            select
                c.relname,
                md5(string_agg(
                    format('%%s %%s', a.attname, format_type(a.atttypid, a.atttypmod)), ','
                    order by a.attname
                ))
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid
            where n.nspname = %s and c.relkind = 'r'
                and a.attnum > 0 and not a.attisdropped
            group by c.relname
            """,
            (SCHEMA,),
        ).fetchall()
    )
