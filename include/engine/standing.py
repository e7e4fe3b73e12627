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
    """The table's state, the primary key of its raw table, and its stored chunks in key order."""

    state: str
    primary_key: tuple[str, ...]
    chunks: Sequence[Chunk]


def read_standing(connection: WarehouseConnection, table: TableConfig, key: PagingKey) -> Standing:
    """Return what stands; a raw table that is missing is created, empty and never loaded.

    `connection` is in autocommit. Chunks along another key than `key` are left out.
    """
    rows = connection.execute(
        f"select t.is_there, t.state, t.key, {CHUNK_COLUMNS} from (select "  # noqa: S608
        "to_regclass(%(raw)s) is not null as is_there, "
        "(select state from ops.table_state where table_name = %(name)s) as state, "
        "(select array(select a.attname::text from unnest(i.indkey) with ordinality as k (n, at) "
        "join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n order by k.at) "
        "from pg_index i where i.indrelid = to_regclass(%(raw)s) and i.indisprimary) as key) t "
        "left join ops.chunk c on c.table_name = %(name)s order by c.ordinal",
        {"raw": f'raw."{table.raw_name}"', "name": table.raw_name},
    ).fetchall()
    is_there, state, primary_key, *_ = rows[0]
    if not is_there or state is None:
        with connection.transaction():
            raw_tables.create_table(connection, table)
        return Standing("never_loaded", tuple(primary_key or ()), ())
    chunks = [row[3:] for row in rows if row[3] is not None]
    return Standing(state, tuple(primary_key or ()), chunks_of(chunks, key))
