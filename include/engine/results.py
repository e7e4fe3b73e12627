"""What one pass over the source has read and written, before it is recorded in `ops`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from include.ops.chunks import Chunk
from include.ops.load_results import RowCounts


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: its chunks, all of which are stored, and the rows that it wrote to raw (`moved`).

    `pending` are those of them that are not yet counted in `ops.table_load`. `is_arranged` is true
    if the chunks are also the table's only stored ones, with their bounds and order; otherwise
    `ChunkStore.arrange` must follow. `row_counts` are the living raw rows and the tombstones
    afterwards, if they are known.
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
        """Return the sum of this pass and a second one over the same rows, whose chunks hold."""
        return replace(
            second, moved=self.moved + second.moved, pending=self.pending + second.pending
        )
