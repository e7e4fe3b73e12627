"""What of Open Dental's tables the practice's release lacks: `ops.absent_column`.

The staging views show nulls in place of such columns, and no rows of such tables, so that only
those marts stop that cannot do without them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from include.warehouse.raw_tables import RETIRED
from include.warehouse.session import WarehouseConnection

WHOLE_TABLE = "*"


def replace_absent_columns(
    connection: WarehouseConnection,
    expected: Mapping[str, Collection[str]],
    *,
    missing_tables: Collection[str],
) -> None:
    """Make the list say what raw lacks of the expected columns, by table and column there.

    A table without a table in raw is lacking only if it is one of `missing_tables`, which the
    source has not got either, and no state is known of it: rows that were once loaded stay behind
    their gate. What is lacking already keeps the time since when. The caller owns the transaction.
    """
    pairs = [(table, column) for table, columns in expected.items() for column in columns]
    connection.execute(
        """
        with expected as (
            select * from unnest(%(tables)s::text [], %(columns)s::text []) as e (name, column_name)
        ),

        held as (
            select c.relname as name, a.attname as column_name
            from pg_class c
            join pg_attribute a on a.attrelid = c.oid
            where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r'
                and a.attnum > 0 and not a.attisdropped
                and col_description(c.oid, a.attnum) is distinct from %(retired)s
        ),

        lacking as (
            select name as table_name, column_name
            from expected
            where name in (select name from held)
            except
            select name, column_name from held
            union all
            select missing.name, %(whole)s
            from unnest(%(missing)s::text []) as missing (name)
            where missing.name in (select name from expected)
                and missing.name not in (select name from held)
                and missing.name not in (select table_name from ops.table_state)
        ),

        gone as (
            delete from ops.absent_column
            where (table_name, column_name) not in (select table_name, column_name from lacking)
        )

        insert into ops.absent_column (table_name, column_name)
        select table_name, column_name from lacking
        on conflict do nothing
        """,
        {
            "tables": [table for table, _ in pairs],
            "columns": [column for _, column in pairs],
            "retired": RETIRED,
            "whole": WHOLE_TABLE,
            "missing": sorted(missing_tables),
        },
    )


def absent_columns(connection: WarehouseConnection) -> dict[str, frozenset[str]]:
    """Return what is lacking, by table; WHOLE_TABLE stands for a table without any column."""
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from ops.absent_column order by table_name, column_name"
    ):
        found.setdefault(str(table), set()).add(str(column))
    return {table: frozenset(columns) for table, columns in found.items()}
