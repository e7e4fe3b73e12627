"""Tables without a key that can be paged: compared as a multiset of whole rows.

The living raw rows with some content are brought to the number that the source has of it: too many
are tombstoned, too few are first brought back to life and then inserted. So rows that are equal
never move, and an edit is one tombstone and one new row. The table is held in memory once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from psycopg import sql

from include.catalog.model import TableConfig
from include.engine.apply import affected_value, copy_lines
from include.engine.batch import Batch
from include.engine.movement import Movement
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

# Where each row goes. A row's text is exact: floats in their shortest exact form, bytes as hex.
_STANDING = """
create temporary table standing as
with present as (
    select r.ctid as place, md5(row({columns})::text) as _content,
        r._deleted_at is not null as is_deleted, r._batch_id
    from {raw} r
),
numbered as (
    select *, row_number() over (
        partition by _content order by is_deleted, _batch_id desc, place
    ) as number
    from present
),
wanted as (
    select _content, count(*) as copies from pg_temp.page group by _content
)
select n.place, n._content,
    case when n.number <= coalesce(w.copies, 0) and n.is_deleted then 'undeleted'
        when n.number > coalesce(w.copies, 0) and not n.is_deleted then 'deleted'
    end as kind
from numbered n left join wanted w using (_content)
"""
_MISSING = """
create temporary table missing as
with numbered as (
    select *, row_number() over (partition by _content) as _number from pg_temp.page
),
present as (
    select _content, count(*) as _copies from pg_temp.standing group by _content
)
select n.* from numbered n left join present s using (_content)
where n._number > coalesce(s._copies, 0)
"""
_AFFECTED_BY_STANDING = """
insert into ops.affected (table_name, batch_id, column_name, value)
select distinct {table_name}, {batch_id}, {column_name}, {value}
from {raw} a join pg_temp.standing s on s.place = a.ctid and s.kind is not null
where {value} is not null
on conflict do nothing
"""
_AFFECTED_BY_MISSING = """
insert into ops.affected (table_name, batch_id, column_name, value)
select distinct {table_name}, {batch_id}, {column_name}, {value}
from pg_temp.missing a where {value} is not null
on conflict do nothing
"""


def apply_multiset(
    connection: WarehouseConnection, table: TableConfig, batch: Batch, lines: Iterable[bytes]
) -> Movement:
    """Make the living raw rows equal to `lines`, in the caller's transaction."""
    names = [column.raw_name for column in table.replicated_columns]
    parts: dict[str, sql.Composable] = {
        "raw": raw_tables.identifier(table.raw_name),
        "columns": sql.SQL(", ").join(map(sql.Identifier, names)),
        "loaded_at": sql.Literal(batch.loaded_at),
        "batch_id": sql.Literal(batch.batch_id),
        "table_name": sql.Literal(table.raw_name),
    }

    def run(statement: str, **more: sql.Composable) -> int:
        text = sql.SQL(statement)
        return connection.execute(text.format(**parts, **more)).rowcount

    run("create temporary table page as select {columns} from {raw} with no data")
    copy_lines(connection, sql.Identifier("pg_temp", "page"), names, lines)
    # A name that no source column can have, because theirs may not begin with "_".
    run("alter table pg_temp.page add column _content text")
    run("update pg_temp.page set _content = md5(row({columns})::text)")
    run(_STANDING)
    run(_MISSING)
    _record_affected(run, table, of_missing=False)
    _record_affected(run, table, of_missing=True)
    moved = Movement(
        deleted=run(
            "update {raw} r set _deleted_at = {loaded_at}, _loaded_at = {loaded_at}, "
            "_batch_id = {batch_id} from pg_temp.standing s "
            "where s.kind = 'deleted' and r.ctid = s.place"
        ),
        undeleted=run(
            "update {raw} r set _deleted_at = null, _loaded_at = {loaded_at}, "
            "_batch_id = {batch_id} from pg_temp.standing s "
            "where s.kind = 'undeleted' and r.ctid = s.place"
        ),
        inserted=run(
            "insert into {raw} ({columns}, _loaded_at, _batch_id) "
            "select {columns}, {loaded_at}, {batch_id} from pg_temp.missing"
        ),
    )
    run("drop table pg_temp.page, pg_temp.standing, pg_temp.missing")
    return moved


def _record_affected(run: Callable[..., int], table: TableConfig, *, of_missing: bool) -> None:
    for name in table.restate_by:
        column = table.column(name)
        run(
            _AFFECTED_BY_MISSING if of_missing else _AFFECTED_BY_STANDING,
            column_name=sql.Literal(column.raw_name),
            value=affected_value("a", column.raw_name, column.warehouse_type),
        )
