"""Tables without a key to read pages along: compared as a multiset of whole rows.

All rows are read with one statement and hashed, whatever their order. Only if the sum of the hashes
differs are they read again and copied. Of each content, raw then gets as many living rows as the
source has: surplus rows are tombstoned; for missing ones tombstones are un-deleted, and new rows
inserted if these do not suffice. So equal rows are never written, and an edited row becomes one
tombstone and one new row.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import xxhash
from psycopg import sql

from include.catalog.model import TableConfig
from include.engine.apply import WriteRows
from include.engine.chunks import row_seed
from include.engine.context import LoadContext
from include.engine.copying import Write, copy_into
from include.engine.encoding import PageEncoder
from include.engine.results import Pass
from include.ops.affected import insert_affected
from include.ops.chunks import Chunk
from include.ops.load_results import Batch, RowCounts
from include.source.keys import KeyRange
from include.source.read_ahead import BufferPool, ReadAhead
from include.source.statement import ResultBuffer
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

# The source's rows are read in blocks of about this size. While they are copied, at most
# BLOCKS_IN_MEMORY wait in memory; a larger MyISAM table stays locked until the rest is copied.
BLOCK_BYTES = 4 * 1024 * 1024
BLOCK_ROWS = 50_000
BLOCKS_IN_MEMORY = 12

log = logging.getLogger(__name__)

# What happens to each raw row. Rows are equal if their texts are: PostgreSQL writes floats in their
# shortest exact form and bytes as hex.
_RAW_ROWS = """
    create temporary table raw_rows as
    with present as (
        select
            r.ctid as place,
            md5(row({columns})::text) as _content,
            r._deleted_at is not null as is_deleted,
            r._batch_id
        from {raw} r
    ),

    numbered as (
        select
            *,
            row_number() over (
                partition by _content order by is_deleted, _batch_id desc, place
            ) as number
        from present
    ),

    wanted as (
        select _content, count(*) as copies from pg_temp.page group by _content
    )

    select
        n.place,
        n._content,
        case
            when n.number <= coalesce(w.copies, 0) and n.is_deleted then 'undeleted'
            when n.number > coalesce(w.copies, 0) and not n.is_deleted then 'deleted'
        end as kind
    from numbered n
    left join wanted w using (_content)
"""
_MISSING = """
    create temporary table missing as
    with numbered as (
        select *, row_number() over (partition by _content) as _number from pg_temp.page
    ),

    present as (
        select _content, count(*) as _copies from pg_temp.raw_rows group by _content
    )

    select n.*
    from numbered n
    left join present s using (_content)
    where n._number > coalesce(s._copies, 0)
"""


def compare_multiset(context: LoadContext, stored: Sequence[Chunk]) -> Pass:
    """Make a raw table without a key equal to its source table; the caller commits."""
    digest = _Digest(context)
    with _blocks(context, in_memory=1) as blocks:
        for block in blocks:
            digest.add(block)
    is_same = [c.content_hash for c in stored] == [digest.value]
    if is_same and not context.ignores_hashes and not context.was_interrupted:
        return Pass(list(stored), digest.byte_count, 0, RowCounts(), RowCounts())
    context.begin()
    # Rows may have changed since: what counts is the second reading, which is copied.
    digest = _Digest(context)
    substitutions: dict[tuple[str, str], int] = {}

    def write_rows(write: Write) -> None:
        encoder = None
        with _blocks(context, in_memory=BLOCKS_IN_MEMORY) as blocks:
            for block in blocks:
                digest.add(block)
                encoder = encoder or PageEncoder(context.core, context.table, context.reader.layout)
                for encoded in encoder.blocks(block):
                    write(encoded)
                for name, count in encoder.substitutions.items():
                    substitutions[name] = substitutions.get(name, 0) + count

    moved = apply_multiset(context.connection, context.table, context.batch, write_rows)
    chunk = Chunk(KeyRange(), digest.row_count, digest.value, substitutions)
    return Pass([context.chunk_store.add(chunk, None)], digest.byte_count, 1, moved, moved)


class _Digest:
    """The hash of a multiset of rows, computed block by block."""

    def __init__(self, context: LoadContext) -> None:
        self._core = context.core
        self._salt = context.salt
        self._seed = row_seed(self._salt)
        self._sums: Any = (ctypes.c_uint64 * 2)()
        self.row_count = self.byte_count = 0

    def add(self, block: ResultBuffer) -> None:
        """Add the rows of a block."""
        self._core.fold_rows(block.data, block.rows, self._seed, self._sums)
        self.row_count += block.rows.count
        self.byte_count += block.byte_count

    @property
    def value(self) -> bytes:
        """A 128-bit hash of which rows were added and how often, whatever their order."""
        sums = b"".join(number.to_bytes(8, "little") for number in (*self._sums, self.row_count))
        return xxhash.xxh3_128(self._salt + sums).digest()


@contextmanager
def _blocks(context: LoadContext, *, in_memory: int) -> Iterator[Iterator[ResultBuffer]]:
    """Read all rows with one statement; a block is valid until the next one is requested."""
    pool = BufferPool(in_memory + 1, byte_limit=(in_memory + 1) * BLOCK_BYTES)
    ahead = ReadAhead(_drained(context, pool), stop=pool.close)

    def returning() -> Iterator[ResultBuffer]:
        for block in ahead:
            yield block
            pool.give_back(block)

    try:
        yield returning()
    finally:
        ahead.close()


def _drained(context: LoadContext, pool: BufferPool) -> Iterator[ResultBuffer]:
    block = pool.take()
    statement = context.reader.start(block)
    try:
        while True:
            block.reserve(BLOCK_ROWS)
            is_end = statement.drain(block, byte_limit=BLOCK_BYTES)
            yield block
            if is_end:
                return
            block = pool.take()
    finally:
        statement.close()


def apply_multiset(
    connection: WarehouseConnection, table: TableConfig, batch: Batch, write_rows: WriteRows
) -> RowCounts:
    """Make the living raw rows equal to the rows written, in the caller's transaction."""
    names = [column.raw_name for column in table.replicated_columns]
    placeholders: dict[str, sql.Composable] = {
        "raw": raw_tables.identifier(table.raw_name),
        "columns": sql.SQL(", ").join(map(sql.Identifier, names)),
        "loaded_at": sql.Literal(batch.loaded_at),
        "batch_id": sql.Literal(batch.batch_id),
    }

    def run(statement: str, **more: sql.Composable) -> int:
        text = sql.SQL(statement)
        return connection.execute(text.format(**placeholders, **more)).rowcount

    run("create temporary table page as select {columns} from {raw} with no data")
    with copy_into(connection, sql.Identifier("pg_temp", "page"), names) as write:
        write_rows(write)
    # No column of the source can have this name: they may not begin with "_".
    run("alter table pg_temp.page add column _content text")
    run("update pg_temp.page set _content = md5(row({columns})::text)")
    run(_RAW_ROWS)
    run(_MISSING)
    moved_rows = sql.SQL(
        "{} a join pg_temp.raw_rows s on s.place = a.ctid and s.kind is not null"
    ).format(placeholders["raw"])
    for rows in (moved_rows, sql.SQL("pg_temp.missing a")):
        for name in table.restate_by:
            column = table.column(name)
            connection.execute(
                insert_affected(
                    table=table.raw_name,
                    batch=batch,
                    column=column.raw_name,
                    warehouse_type=column.warehouse_type,
                    rows=rows,
                )
            )
    moved = RowCounts(
        deleted=run(
            """
            update {raw} r set
                _deleted_at = {loaded_at}, _loaded_at = {loaded_at}, _batch_id = {batch_id}
            from pg_temp.raw_rows s
            where s.kind = 'deleted' and r.ctid = s.place
            """
        ),
        undeleted=run(
            """
            update {raw} r set
                _deleted_at = null, _loaded_at = {loaded_at}, _batch_id = {batch_id}
            from pg_temp.raw_rows s
            where s.kind = 'undeleted' and r.ctid = s.place
            """
        ),
        inserted=run(
            """
            insert into {raw} ({columns}, _loaded_at, _batch_id)
            select {columns}, {loaded_at}, {batch_id}
            from pg_temp.missing
            """
        ),
    )
    run("drop table pg_temp.page, pg_temp.raw_rows, pg_temp.missing")
    return moved
