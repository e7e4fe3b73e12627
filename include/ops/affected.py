"""The days and families of rows that loads have written: `ops.affected`.

Incremental marts compute these again. The old and the new values are recorded, so that a row which
moved from one day to another affects both. All is written in the load's own transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from include.ops.load_results import Batch
from include.warehouse.session import WarehouseConnection

# Column and value of the one row that means every day and family.
ALL_AFFECTED = "*"
_DAYS = ("timestamp", "timestamptz")


def insert_affected(
    *, table: str, batch: Batch, column: str, warehouse_type: str, rows: sql.Composable
) -> sql.Composed:
    """Return the statement that records the distinct values of a column; NULL is left out.

    `rows` is the statement's "from" clause: its alias `a` must have the column, by its name in raw.
    Of a timestamp, the date is recorded.
    """
    day = sql.SQL("::date") if warehouse_type in _DAYS else sql.SQL("")
    value = sql.SQL("{}{}::text").format(sql.Identifier("a", column), day)
    return sql.SQL(
        """
        insert into ops.affected (table_name, batch_id, column_name, value)
        select distinct {table}, {batch}, {column}, {value}
        from {rows}
        where {value} is not null
        on conflict do nothing
        """
    ).format(
        table=sql.Literal(table),
        batch=sql.Literal(batch.batch_id),
        column=sql.Literal(column),
        value=value,
        rows=rows,
    )


def record_all_affected(connection: WarehouseConnection, raw_name: str, batch_id: int) -> None:
    """Record that a batch affected every day and family, in one row instead of one for each."""
    connection.execute(
        """
        insert into ops.affected (table_name, batch_id, column_name, value)
        values (%s, %s, %s, %s)
        on conflict do nothing
        """,
        (raw_name, batch_id, ALL_AFFECTED, ALL_AFFECTED),
    )


def purge_affected(
    connection: WarehouseConnection, limits: Mapping[str, int | None], *, days: int
) -> dict[str, int]:
    """Delete the rows of loads that began more than `days` days ago; return how many, by table.

    `limits` has the tables by their names in raw. Where it has a batch, only rows up to that batch
    are deleted. The caller owns the transaction.
    """
    rows = connection.execute(
        """
        with bound as (
            select
                b.table_name,
                least(b.batch_id, old.batch_id) as batch_id
            from unnest(%s::text[], %s::bigint[]) as b (table_name, batch_id)
            cross join lateral (
                select max(l.batch_id) as batch_id, count(*) > 0 as exists
                from ops.table_load l
                where l.table_name = b.table_name
                    and l.started_at < now() - make_interval(days => %s)
            ) as old
            where old.exists
        ),

        gone as (
            delete from ops.affected a
            using bound b
            where a.table_name = b.table_name and a.batch_id <= b.batch_id
            returning a.table_name
        )

        select table_name, count(*) from gone group by table_name
        """,
        (list(limits), list(limits.values()), days),
    ).fetchall()
    return {str(name): int(count) for name, count in rows}
