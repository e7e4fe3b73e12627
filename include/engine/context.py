"""What the steps of one table's load share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.engine.batch import Batch
from include.engine.chunk_store import EVERYWHERE, ChunkStore
from include.engine.chunks import Chunk
from include.engine.movement import Movement
from include.engine.records import Attempt, record_movement, record_partial
from include.engine.standing import Standing
from include.sessions.locks import TableLock
from include.source.keys import KeyRange, PagingKey
from include.source.pace import ReadPace
from include.source.pages import PageReader
from include.source.read_ahead import BufferPool
from include.source.statement import ResultBuffer
from include.transcoder.core import Core
from include.warehouse.session import WarehouseConnection

# A writer on a MyISAM table waits as long as the page takes: about 100 ms for this on two busy
# cores. Rows differ in length and chunks grow, so a page may well bring twice as much.
PAGE_BYTES = 2 * 1024 * 1024


class PageSize:
    """How many rows a page may have: the config's chunk, or fewer where rows are long.

    Learns the rows' length from the pages that were read.
    """

    def __init__(self, chunk_rows: int, average_row_bytes: int) -> None:
        self._chunk_rows = chunk_rows
        self._average = float(average_row_bytes)

    @property
    def rows(self) -> int:
        """The limit for the next page; at least 1."""
        fitting = int(PAGE_BYTES / self._average) if self._average > 0 else self._chunk_rows
        return max(1, min(self._chunk_rows, fitting))

    def is_overgrown(self, page: ResultBuffer) -> bool:
        """Whether a chunk that holds these rows is too large, and can be cut."""
        return page.byte_count > 2 * PAGE_BYTES and page.rows.count > self.rows

    def learn(self, page: ResultBuffer) -> None:
        """Take the length of the rows just read for the next ones'."""
        if page.rows.count:
            self._average = page.byte_count / page.rows.count


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over the source read and did; `pending` is not yet in `ops.table_load`.

    Every chunk is stored; `chunks` are the table's only ones once they are arranged, which
    `is_arranged` says that they are already. `row_counts` are the living raw rows and the
    tombstones, where they were counted afterwards.
    """

    chunks: list[Chunk]
    byte_count: int
    chunks_changed: int
    moved: Movement
    pending: Movement
    is_arranged: bool = False
    row_counts: tuple[int, int] | None = None

    @property
    def rows_read(self) -> int:
        """How many rows the source held."""
        return sum(chunk.row_count for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class LoadContext:
    """One load: who asked, along which key it reads, what stands in raw, and its open connections.

    `salt` is what content hashes depend on besides the rows. `connection` commits each statement
    by itself until `begin`. `was_interrupted` says that an earlier load committed a part and did
    not end. `bounds` is the range of the key that is loaded, usually all of it.
    """

    attempt: Attempt
    batch: Batch
    key: PagingKey
    salt: bytes
    standing: Standing
    core: Core
    reader: PageReader
    buffers: BufferPool
    pace: ReadPace
    page_size: PageSize
    connection: WarehouseConnection
    lock: TableLock
    ignores_hashes: bool
    was_interrupted: bool
    bounds: KeyRange = EVERYWHERE

    @property
    def table(self) -> TableConfig:
        """The table's config."""
        return self.attempt.table

    @property
    def store(self) -> ChunkStore:
        """The table's stored chunks along its key, those of the range that is loaded."""
        return ChunkStore(self.connection, self.table.raw_name, self.key, bounds=self.bounds)

    def begin(self) -> None:
        """Let what follows be one transaction until it is committed; harmless to repeat.

        A table in which nothing changed does without.
        """
        if self.connection.autocommit:
            self.connection.autocommit = False

    def commit_part(self, chunks: Sequence[Chunk], moved: Movement) -> None:
        """Commit what was done so far with the chunks that describe it, and close the gate."""
        self.store.arrange(chunks)
        record_movement(self.connection, self.attempt, moved)
        record_partial(self.connection, self.attempt)
        self.lock.check()
        self.connection.commit()

    def commit(self) -> None:
        """Commit, unless the lock was lost."""
        if not self.connection.autocommit:
            self.lock.check()
            # What a load has finished must outlast a crash.
            self.connection.execute("set local synchronous_commit to default; commit")
