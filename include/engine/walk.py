"""The pages of a table in key order, each with the range that it covers and its hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from include.engine.chunks import content_hash
from include.engine.context import LoadContext
from include.ops.chunks import Chunk
from include.source.keys import KeyRange
from include.source.read_ahead import ReadAhead
from include.source.statement import ResultBuffer


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page, valid until the next one is requested; `position` is that of its planned chunk.

    `is_last` is true for the last page of the chunk's range.
    """

    page: ResultBuffer
    bounds: KeyRange
    digest: bytes
    position: int
    is_last: bool


@contextmanager
def pages_read(context: LoadContext, planned: Sequence[Chunk]) -> Iterator[Iterator[PageRead]]:
    """Read the planned chunks' ranges one after another, a few pages ahead of the caller.

    A full page ends at its last key, and the rest of the chunk's range follows as another page: so
    chunks are split. A chunk that changed and has become too large is read again in small pages.
    """
    context.buffers.reopen()
    end = len(planned) - 1
    ahead = ReadAhead(
        _pages(context, planned),
        stop=context.buffers.close,
        is_last=lambda read: read.is_last and read.position == end,
    )
    try:
        yield _reusing_buffers(context, iter(ahead))
    finally:
        ahead.close()


def _pages(context: LoadContext, planned: Sequence[Chunk]) -> Iterator[PageRead]:
    size = context.page_size
    for position, expected in enumerate(planned):
        lo, hi = expected.bounds.lo, expected.bounds.hi
        held = expected.row_count
        is_last = False
        while not is_last:
            page = context.buffers.take()
            # A chunk may grow to twice its rows before it is split.
            limit = max(2 * held, size.rows)
            is_last = context.reader.read(page, KeyRange(lo, hi), limit=limit)
            size.learn(page)
            page_bytes = page.byte_count
            digest = content_hash(context.salt, page)
            if held and digest != expected.content_hash and size.is_overgrown(page):
                # Unless it is split, the last chunk of a growing table grows without end.
                held = 0
                is_last = context.reader.read(page, KeyRange(lo, hi), limit=size.rows)
                page_bytes += page.byte_count
                digest = content_hash(context.salt, page)
            end = hi if is_last else context.reader.key_of(page, page.rows.count - 1)
            yield PageRead(page, KeyRange(lo, end), digest, position, is_last)
            context.pace.pause_after(page_bytes)
            lo = end


def _reusing_buffers(context: LoadContext, pages: Iterator[PageRead]) -> Iterator[PageRead]:
    for read in pages:
        context.lock.keep_alive()
        yield read
        context.buffers.give_back(read.page)
