"""What the warehouse holds of a table, as read before it is planned or loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.ops.chunks import CHUNK_COLUMNS, Chunk, chunks_of
from include.ops.table_states import TableState, create_raw_table
from include.source.keys import PagingKey
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """A table's state, and how many living rows and tombstones its last load left."""

    state: TableState
    row_count: int
    deleted_count: int

    @property
    def is_empty(self) -> bool:
        """Whether the raw table is known to hold nothing, not even tombstones."""
        is_settled = self.state in (TableState.NEVER_LOADED, TableState.LOADED)
        return is_settled and self.row_count == 0 and self.deleted_count == 0


@dataclass(frozen=True, slots=True)
class StoredTable:
    """The table's state, the primary key of its raw table, and its stored chunks in key order.

    `has_pages` is false if the raw table never had a row, so that PostgreSQL stores no page of it.
    The counts are those that the last load recorded. `is_trusted` is true if the raw table is
    complete and its gate open, for which validation has counted its rows.
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

    All is read with one statement, because each round trip counts for small tables. `connection` is
    in autocommit. Chunks along another key than `key` are left out.
    """
    rows = connection.execute(
        f"""
        select
            t.size, s.state, s.row_count, s.deleted_count, s.is_publishable, t.key, {CHUNK_COLUMNS}
        from (
            select
                pg_relation_size(to_regclass(format('raw.%%I', %(name)s::text))) as size,
                (
                    select array(
                        select a.attname::text
                        from unnest(i.indkey) with ordinality as k (n, at)
                        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n
                        order by k.at
                    )
                    from pg_index i
                    where i.indrelid = to_regclass(format('raw.%%I', %(name)s::text))
                        and i.indisprimary
                ) as key
        ) t
        left join ops.table_state s on s.table_name = %(name)s
        left join ops.chunk c on c.table_name = %(name)s
        order by c.ordinal
        """,  # noqa: S608 - a constant list of columns
        {"name": table.raw_name},
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


def read_states(connection: WarehouseConnection) -> dict[str, StoredCounts]:
    """Return the state and the counts of every table in `ops.table_state`, by its name in raw."""
    return {
        name: StoredCounts(TableState(state), row_count, deleted_count)
        for name, state, row_count, deleted_count in connection.execute(
            "select table_name, state, row_count, deleted_count from ops.table_state"
        )
    }


def ever_loaded(connection: WarehouseConnection) -> frozenset[str]:
    """Return the tables, by their names in raw, that were equal to their source at some time."""
    return frozenset(
        name
        for (name,) in connection.execute(
            "select table_name from ops.table_state where loaded_at is not null"
        )
    )


def read_state(connection: WarehouseConnection, raw_name: str) -> TableState | None:
    """Return the state of one table; None for a table that has none."""
    row = connection.execute(
        "select state from ops.table_state where table_name = %s", (raw_name,)
    ).fetchone()
    return TableState(row[0]) if row else None
