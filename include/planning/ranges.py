"""Which tables are loaded in ranges of their key, and which ranges these are.

One table that is larger than everything queued behind it would go on alone when all else is done;
several workers share it instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.ops.chunks import Chunk, ChunkStore
from include.ops.stored_tables import StoredCounts
from include.ops.table_states import TableState
from include.planning.source_state import TableSize
from include.source.keys import KeyRange, paging_key
from include.source.session import SourceConnection, quote, source_errors
from include.warehouse.session import WarehouseConnection


def larger_than_the_rest(
    queue: Sequence[TableConfig], sizes: Mapping[str, TableSize], *, least_rows: int
) -> Iterator[TableConfig]:
    """Yield tables of at least so many rows that outweigh all behind them in the queue together."""
    behind = sum(sizes[table.name].byte_count for table in queue if table.name in sizes)
    for table in queue:
        size = sizes.get(table.name)
        if size is None:
            continue
        behind -= size.byte_count
        if size.row_count >= least_rows and size.byte_count > behind:
            yield table


def can_be_split(table: TableConfig, stored: StoredCounts | None) -> bool:
    """Whether ranges do for the table: its key is one whole number, and no load broke off."""
    settled = (TableState.NEVER_LOADED, TableState.LOADED)
    is_settled = stored is None or stored.state in settled
    return is_settled and paging_key(table).is_integer


class RangePlanner:
    """Cuts keys into ranges, by what the last load remembers or else by what the source holds."""

    def __init__(
        self, connection: WarehouseConnection, reader: SourceConnection, source: Endpoint
    ) -> None:
        self.connection = connection
        self._reader = reader
        self._source = source

    def ranges(self, table: TableConfig, count: int) -> list[KeyRange]:
        """Return at most `count` ranges that together cover the whole key space.

        They begin and end where stored chunks do, with about equal rows. A table that was never
        loaded is cut into equal spans of its key: counting through an index of many million rows
        would keep the practice's writers waiting.
        """
        chunks = ChunkStore(self.connection, table.raw_name, paging_key(table)).read()
        if chunks:
            return between(equal_shares(chunks, count))
        return between(equal_spans(*self._ends(table), count))

    def _ends(self, table: TableConfig) -> tuple[int, int]:
        name = quote(paging_key(table).columns[0].name)
        with source_errors(self._source), self._reader.cursor() as cursor:
            # Both come from the ends of the index.
            cursor.execute(f"select min({name}), max({name}) from {quote(table.name)}")  # noqa: S608
            row = cursor.fetchone()
        lowest, highest = row if row else (None, None)
        return (int(lowest), int(highest)) if lowest is not None else (0, 0)


def equal_shares(chunks: Sequence[Chunk], count: int) -> list[int]:
    """Return the inner bounds that leave about as many rows in each of `count` ranges."""
    total = sum(chunk.row_count for chunk in chunks)
    bounds: list[int] = []
    rows = 0
    for chunk in chunks:
        rows += chunk.row_count
        hi = chunk.bounds.hi
        if hi and len(bounds) < count - 1 and rows * count >= total * (len(bounds) + 1):
            bounds.append(int(hi[0]))
    return bounds


def equal_spans(lowest: int, highest: int, count: int) -> list[int]:
    """Return the inner bounds of `count` equally long spans of the keys."""
    span = highest - lowest
    return sorted({lowest + span * part // count for part in range(1, count)} - {highest})


def between(bounds: Sequence[int]) -> list[KeyRange]:
    """Return the ranges that the bounds divide the key space into; their outer ends are open."""
    ends = [None, *((str(bound),) for bound in bounds), None]
    return [KeyRange(lo, hi) for lo, hi in pairwise(ends)]
