"""What one pass over the source read and did, before it is recorded in `ops`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from include.ops.chunks import Chunk
from include.ops.load_results import RowCounts


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass; `pending` of what it `moved` is not yet in `ops.table_load`.

    Every chunk is stored; `chunks` are the table's only ones once they are arranged, which
    `is_arranged` says that they are already. `row_counts` are the living raw rows and the
    tombstones, where they were counted afterwards.
    """

    chunks: list[Chunk]
    byte_count: int
    chunks_changed: int
    moved: RowCounts
    pending: RowCounts
    is_arranged: bool = False
    row_counts: tuple[int, int] | None = None

    @property
    def rows_read(self) -> int:
        """How many rows the source held."""
        return sum(chunk.row_count for chunk in self.chunks)

    def followed_by(self, second: Pass) -> Pass:
        """Return this pass and a second one over the same rows as one, with the second's chunks."""
        return replace(
            second, moved=self.moved + second.moved, pending=self.pending + second.pending
        )
