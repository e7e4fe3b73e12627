"""A first load: pages stream straight into the raw table, which gets its key at the end.

Every COMMIT_ROWS rows the part is committed together with its chunks; a load that finds such a
part goes on behind its last chunk.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from psycopg import sql

from include.engine.apply import affected_value, copy_lines
from include.engine.chunks import Chunk, content_hash, content_salt
from include.engine.context import LoadContext, Pass
from include.engine.movement import Movement
from include.engine.transcoding import Transcoder
from include.source.keys import KeyRange
from include.warehouse import raw_tables

COMMIT_ROWS = 200_000

log = logging.getLogger(__name__)


def load_first(context: LoadContext, loaded: Sequence[Chunk], *, commits_parts: bool) -> Pass:
    """Load everything behind the chunks that are `loaded`; add key and `ops.affected`.

    The last part is left to the caller to commit. Without `commits_parts` all of it is.
    """
    table = context.table
    connection = context.connection
    transcoder = Transcoder(table)
    salt = content_salt(table, context.key)
    columns = [column.raw_name for column in table.replicated_columns]
    suffix = context.batch.copy_suffix
    target = raw_tables.identifier(table.raw_name)
    chunks = list(loaded)
    if not chunks:
        _clear(context)
    start = chunks[-1].bounds.hi if chunks else None
    inserted = pending = byte_count = 0
    for page, bounds in context.pages(KeyRange(start, None), limit=context.page_size.rows):
        transcoded = transcoder.transcode(page.rows())
        copy_lines(
            connection,
            target,
            [*columns, "_loaded_at", "_batch_id"],
            (line + suffix for line in transcoded.lines),
        )
        row_count = len(page.packed)
        chunks.append(
            Chunk(bounds, row_count, content_hash(salt, page.packed), transcoded.substitutions)
        )
        inserted += row_count
        pending += row_count
        byte_count += page.byte_count
        if commits_parts and pending >= COMMIT_ROWS and bounds.hi is not None:
            context.commit_part(chunks, Movement(inserted=pending))
            log.info("table %s: %s rows loaded and committed so far", table.name, inserted)
            pending = 0
    if context.key.columns:
        raw_tables.add_primary_key(connection, table.raw_name, context.key.raw_names)
    connection.execute(sql.SQL("analyze {}").format(target))
    _record_affected(context)
    return Pass(
        chunks,
        byte_count,
        len(chunks) - len(loaded),
        Movement(inserted=inserted),
        Movement(inserted=pending),
    )


def _clear(context: LoadContext) -> None:
    # Rows without chunks are left over from something else; deleting keeps readers' snapshots.
    context.connection.execute(
        sql.SQL("delete from {}").format(raw_tables.identifier(context.table.raw_name))
    )
    raw_tables.drop_primary_key(context.connection, context.table.raw_name)


def _record_affected(context: LoadContext) -> None:
    for name in context.table.restate_by:
        column = context.table.column(name)
        context.connection.execute(
            sql.SQL(
                "insert into ops.affected (table_name, batch_id, column_name, value) "
                "select distinct {}, r._batch_id, {}, {} from {} r where {} is not null "
                "on conflict do nothing"
            ).format(
                sql.Literal(context.table.raw_name),
                sql.Literal(column.raw_name),
                affected_value("r", column.raw_name, column.warehouse_type),
                raw_tables.identifier(context.table.raw_name),
                sql.Identifier("r", column.raw_name),
            )
        )
