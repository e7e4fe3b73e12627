"""Chooses the tables that are loaded in ranges of their key, and cuts the ranges.

One worker would still be loading a table that is larger than all tables queued behind it together
when these are done. Several workers share such a table instead.
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
    """Yield tables of at least `least_rows` that outweigh all behind them in the queue together.

    Their weight is their bytes in the source.
    """
    behind = sum(sizes[table.name].byte_count for table in queue if table.name in sizes)
    for table in queue:
        size = sizes.get(table.name)
        if size is None:
            continue
        behind -= size.byte_count
        if size.row_count >= least_rows and size.byte_count > behind:
            yield table


def can_be_split(table: TableConfig, stored: StoredCounts | None) -> bool:
    """Whether the key is one integer and no load was interrupted, so that ranges are possible."""
    settled = (TableState.NEVER_LOADED, TableState.LOADED)
    is_settled = stored is None or stored.state in settled
    return is_settled and paging_key(table).is_integer


class RangePlanner:
    """Cuts keys into ranges: by the stored chunks, or by the source's lowest and highest key."""

    def __init__(
        self, connection: WarehouseConnection, reader: SourceConnection, source: Endpoint
    ) -> None:
        self.connection = connection
        self._reader = reader
        self._source = source

    def ranges(self, table: TableConfig, count: int) -> list[KeyRange]:
        """Return at most `count` ranges that together cover the whole key space.

        They begin and end where stored chunks do, and have about equally many rows. A table that
        was never loaded is cut into equal spans of its key, because counting through an index of
        many million rows would make the practice's writers wait.
        """
        chunks = ChunkStore(self.connection, table.raw_name, paging_key(table)).read()
        if chunks:
            return between(equal_shares(chunks, count))
        return between(equal_spans(*self._ends(table), count))

    def _ends(self, table: TableConfig) -> tuple[int, int]:
        name = quote(paging_key(table).columns[0].name)
        with source_errors(self._source), self._reader.cursor() as cursor:
            # The server reads both from the ends of the index.
            cursor.execute(f"select min({name}), max({name}) from {quote(table.name)}")  # noqa: S608
            row = cursor.fetchone()
        lowest, highest = row if row else (None, None)
        return (int(lowest), int(highest)) if lowest is not None else (0, 0)


def equal_shares(chunks: Sequence[Chunk], count: int) -> list[int]:
    """Return inner bounds for at most `count` ranges with about equally many rows."""
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
    """Return inner bounds for at most `count` spans of the keys of equal length."""
    span = highest - lowest
    return sorted({lowest + span * n // count for n in range(1, count)} - {highest})


def between(bounds: Sequence[int]) -> list[KeyRange]:
    """Return the ranges into which the bounds divide the whole key space."""
    ends = [None, *((str(bound),) for bound in bounds), None]
    return [KeyRange(lo, hi) for lo, hi in pairwise(ends)]
