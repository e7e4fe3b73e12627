"""What the steps of one table's load share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from include.catalog.model import TableConfig
from include.catalog.targets import Mode
from include.engine.chunks import content_salt
from include.engine.connections import EngineConnections
from include.ops.chunks import EVERYWHERE, Chunk, ChunkStore
from include.ops.load_results import Attempt, Batch, RowCounts
from include.ops.loads import record_row_counts
from include.ops.stored_tables import StoredTable, read_stored_table
from include.ops.table_states import TableState, begin_loading
from include.sessions.locks import TableLock, sole_writer
from include.source import session as source_session
from include.source.keys import KeyRange, PagingKey, paging_key
from include.source.live_table import check_live_table
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
class LoadContext:
    """One load: who asked, along which key it reads, what is stored, and its open connections.

    `salt` is what content hashes depend on besides the rows. `connection` commits each statement
    by itself until `begin`. `was_interrupted` says that an earlier load committed a batch and did
    not end. `bounds` is the range of the key that is loaded, usually all of it.
    """

    attempt: Attempt
    batch: Batch
    key: PagingKey
    salt: bytes
    stored: StoredTable
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
    def chunk_store(self) -> ChunkStore:
        """The table's stored chunks along its key, those of the range that is loaded."""
        return ChunkStore(self.connection, self.table.raw_name, self.key, bounds=self.bounds)

    def begin(self) -> None:
        """Let what follows be one transaction until it is committed; harmless to repeat.

        A table in which nothing changed does without.
        """
        if self.connection.autocommit:
            self.connection.autocommit = False

    def commit_batch(self, chunks: Sequence[Chunk], rows: RowCounts) -> None:
        """Commit what was done so far with the chunks that describe it, and close the gate."""
        self.chunk_store.arrange(chunks)
        record_row_counts(self.connection, self.attempt, rows)
        self.close_gate()
        self.lock.check()
        self.connection.commit()

    def close_gate(self) -> None:
        """Mark the table as one whose load has begun and not ended, in the open transaction."""
        begin_loading(self.connection, self.table.raw_name, run_id=self.attempt.run_id)

    def commit(self) -> None:
        """Commit, unless the lock was lost."""
        if not self.connection.autocommit:
            self.lock.check()
            # What a load has finished must outlast a crash.
            self.connection.execute("set local synchronous_commit to default; commit")


@contextmanager
def open_context(
    connections: EngineConnections, attempt: Attempt, batch: Batch, lock: TableLock, mode: Mode
) -> Iterator[LoadContext]:
    """Check the live structure and gather what a load needs, as the only writer of what is locked.

    Raises StructureError when the source's table is not as configured.
    """
    table = attempt.table
    key = paging_key(table)
    connection = connections.writing()
    with sole_writer(lock, connection):
        reading = connections.reading()
        live = check_live_table(reading, table, key)
        stored = read_stored_table(connection, table, key)
        reader = PageReader(
            reading,
            table,
            connections.core,
            key=key,
            index=live.key_index,
            reconnect=partial(source_session.reconnect, reading, connections.source),
        )
        with closing(reader):
            yield LoadContext(
                attempt=attempt,
                batch=batch,
                key=key,
                salt=content_salt(table, key),
                stored=stored,
                core=connections.core,
                reader=reader,
                buffers=connections.buffers,
                pace=ReadPace.of(connections.source),
                page_size=PageSize(table.chunk_rows, live.average_row_bytes),
                connection=connection,
                lock=lock,
                ignores_hashes=mode == "full",
                was_interrupted=stored.state is TableState.LOADING,
            )
