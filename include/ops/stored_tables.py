"""What the warehouse holds of a table before a load, read in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.ops.chunks import CHUNK_COLUMNS, Chunk, chunks_of
from include.ops.table_states import TableState, create_raw_table
from include.source.keys import PagingKey
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class StoredTable:
    """The table's state, the primary key of its raw table, and its stored chunks in key order.

    `has_pages` says that the raw table has or had rows: a table that never had any has no page.
    The counts are those that the last load recorded. `is_trusted` says that the raw table is
    complete and that validation, which counts its rows, has let it be published since.
    """

    state: TableState
    primary_key: tuple[str, ...]
    has_pages: bool
    row_count: int
    deleted_count: int
    is_trusted: bool
    chunks: Sequence[Chunk]


def read_stored_table(
    connection: WarehouseConnection, table: TableConfig, key: PagingKey
) -> StoredTable:
    """Return what is stored; a raw table that is missing is created, empty and never loaded.

    `connection` is in autocommit. Chunks along another key than `key` are left out.
    """
    rows = connection.execute(
        f"""
        select
            t.size, s.state, s.row_count, s.deleted_count, s.is_publishable, t.key, {CHUNK_COLUMNS}
        from (
            select
                pg_relation_size(to_regclass(%(raw)s)) as size,
                (
                    select array(
                        select a.attname::text
                        from unnest(i.indkey) with ordinality as k (n, at)
                        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n
                        order by k.at
                    )
                    from pg_index i
                    where i.indrelid = to_regclass(%(raw)s) and i.indisprimary
                ) as key
        ) t
        left join ops.table_state s on s.table_name = %(name)s
        left join ops.chunk c on c.table_name = %(name)s
        order by c.ordinal
        """,  # noqa: S608 - a constant list of columns
        {"raw": f'raw."{table.raw_name}"', "name": table.raw_name},
    ).fetchall()
    size, state, row_count, deleted_count, is_publishable, primary_key, *_ = rows[0]
    chunks = [row[6:] for row in rows if row[6] is not None]
    if size is None or state is None:
        with connection.transaction():
            create_raw_table(connection, table)
        state, row_count, deleted_count, chunks = TableState.NEVER_LOADED, 0, 0, []
    return StoredTable(
        state=TableState(state),
        primary_key=tuple(primary_key or ()),
        has_pages=bool(size),
        row_count=row_count,
        deleted_count=deleted_count,
        is_trusted=state == TableState.LOADED and bool(is_publishable),
        chunks=chunks_of(chunks, key),
    )
