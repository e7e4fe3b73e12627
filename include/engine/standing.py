"""What stands in the warehouse of a table before its load, asked for in one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.engine.chunk_store import CHUNK_COLUMNS, chunks_of
from include.engine.chunks import Chunk
from include.source.keys import PagingKey
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class Standing:
    """The table's state, the primary key of its raw table, and its stored chunks in key order.

    `has_pages` says that the raw table has or had rows: a table that never had any has no page.
    The counts are those that the last load recorded. `is_trusted` says that the raw table is
    complete and that validation, which counts its rows, has let it be published since.
    """

    state: str
    primary_key: tuple[str, ...]
    has_pages: bool
    living_count: int
    tombstone_count: int
    is_trusted: bool
    chunks: Sequence[Chunk]


def read_standing(connection: WarehouseConnection, table: TableConfig, key: PagingKey) -> Standing:
    """Return what stands; a raw table that is missing is created, empty and never loaded.

    `connection` is in autocommit. Chunks along another key than `key` are left out.
    """
    rows = connection.execute(
        f"select t.size, s.state, s.row_count, s.deleted_count, "  # noqa: S608
        f"s.is_publishable, t.key, {CHUNK_COLUMNS} "
        "from (select pg_relation_size(to_regclass(%(raw)s)) as size, "
        "(select array(select a.attname::text from unnest(i.indkey) with ordinality as k (n, at) "
        "join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n order by k.at) "
        "from pg_index i where i.indrelid = to_regclass(%(raw)s) and i.indisprimary) as key) t "
        "left join ops.table_state s on s.table_name = %(name)s "
        "left join ops.chunk c on c.table_name = %(name)s order by c.ordinal",
        {"raw": f'raw."{table.raw_name}"', "name": table.raw_name},
    ).fetchall()
    size, state, living, tombstones, is_publishable, primary_key, *_ = rows[0]
    chunks = [row[6:] for row in rows if row[6] is not None]
    if size is None or state is None:
        with connection.transaction():
            raw_tables.create_table(connection, table)
        state, living, tombstones, chunks = "never_loaded", 0, 0, []
    return Standing(
        state=state,
        primary_key=tuple(primary_key or ()),
        has_pages=bool(size),
        living_count=living,
        tombstone_count=tombstones,
        is_trusted=state == "loaded" and bool(is_publishable),
        chunks=chunks_of(chunks, key),
    )
