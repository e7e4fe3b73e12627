"""A refresh: every chunk is read and hashed, and only those that changed go any further."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from include.engine.apply import PageApplier
from include.engine.chunks import Chunk, content_hash, content_salt, plan_ranges
from include.engine.context import LoadContext, Pass
from include.engine.movement import Movement
from include.engine.multiset import apply_multiset
from include.engine.transcoding import Transcoder
from include.source.keys import KeyRange
from include.source.pages import Page

# A refresh that moves more rows than this commits by parts.
ONE_TRANSACTION_ROWS = 1_000_000

log = logging.getLogger(__name__)


def compare_chunks(context: LoadContext, stored: Sequence[Chunk]) -> Pass:
    """Bring the raw table, which has its key, to the source's content.

    The caller commits; parts are committed on the way only beyond ONE_TRANSACTION_ROWS.
    """
    table = context.table
    applier = PageApplier(context.connection, table, context.key, context.batch)
    transcoder = Transcoder(table)
    keys = None if context.key.is_ordered else _KeyLines(context)
    salt = content_salt(table, context.key)
    planned = plan_ranges(stored, full_rows=context.page_size.rows)
    done: list[Chunk] = []
    moved = pending = Movement()
    byte_count = changed = 0
    for position, expected in enumerate(planned):
        # Room to grow before it splits: twice what it held.
        limit = max(2 * expected.row_count, context.page_size.rows)
        for page, bounds in context.pages(expected.bounds, limit=limit):
            byte_count += page.byte_count
            if keys:
                keys.add(page)
            digest = content_hash(salt, page.packed)
            is_whole = bounds == expected.bounds
            if is_whole and digest == expected.content_hash and not context.ignores_hashes:
                done.append(expected)
                continue
            changed += 1
            transcoded = transcoder.transcode(page.rows())
            step = applier.apply(transcoded.lines, bounds)
            moved += step
            pending += step
            done.append(Chunk(bounds, len(page.packed), digest, transcoded.substitutions))
            if pending.total >= ONE_TRANSACTION_ROWS and is_whole:
                context.commit_part([*done, *planned[position + 1 :]], pending)
                log.info("table %s: %s rows moved and committed so far", table.name, moved.total)
                pending = Movement()
    if keys and (changed or context.was_interrupted):
        step = applier.tombstone_others(keys.lines)
        moved += step
        pending += step
    return Pass(done, byte_count, changed, moved, pending)


def compare_multiset(context: LoadContext, stored: Sequence[Chunk]) -> Pass:
    """Bring a raw table without a key to the source's content; the caller commits."""
    page = context.reader.read_all()
    # Rows come in no order: sorted, equal content gives an equal hash.
    digest = content_hash(content_salt(context.table, context.key), sorted(page.packed))
    if [c.content_hash for c in stored] == [digest] and not context.ignores_hashes:
        return Pass(list(stored), page.byte_count, 0, Movement(), Movement())
    transcoded = Transcoder(context.table).transcode(page.rows())
    moved = apply_multiset(context.connection, context.table, context.batch, transcoded.lines)
    chunk = Chunk(KeyRange(), len(page.packed), digest, transcoded.substitutions)
    return Pass([chunk], page.byte_count, 1, moved, moved)


class _KeyLines:
    """The keys of all pages as COPY lines, for a key that ranges cannot compare."""

    def __init__(self, context: LoadContext) -> None:
        columns = context.table.replicated_columns
        names = [column.name for column in columns]
        self._positions = [names.index(column.name) for column in context.key.columns]
        self._transcoder = Transcoder(
            replace(context.table, columns=tuple(columns[at] for at in self._positions))
        )
        self.lines: list[bytes] = []

    def add(self, page: Page) -> None:
        """Keep the keys of a page."""
        rows = [tuple(row[at] for at in self._positions) for row in page.rows()]
        self.lines.extend(self._transcoder.transcode(rows).lines)
