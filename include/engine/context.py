"""What all steps of one table's load need: its config, stored state and connections."""

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

# A writer on a MyISAM table waits while a page is read: about 100 ms for this size on two busy
# cores. Rows differ in length and chunks grow, so some pages are twice as large.
PAGE_BYTES = 2 * 1024 * 1024


class PageSize:
    """How many rows a page may have: those of the config's chunk, or fewer where rows are long.

    The rows' length is taken from the page that was read last.
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
        """Whether a chunk with these rows is too large, and can be cut."""
        return page.byte_count > 2 * PAGE_BYTES and page.rows.count > self.rows

    def learn(self, page: ResultBuffer) -> None:
        """Expect the next page's rows to be as long as this one's."""
        if page.rows.count:
            self._average = page.byte_count / page.rows.count


@dataclass(frozen=True, slots=True)
class LoadContext:
    """One load: its attempt, the key that it reads along, what is stored, its open connections.

    `salt` is what content hashes depend on besides the rows. `connection` is in autocommit until
    `begin`. `was_interrupted` is true if an earlier load committed a batch and did not end.
    `bounds` is the range of the key that is loaded, usually all of it.
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
        """The table's stored chunks along its key, within `bounds`."""
        return ChunkStore(self.connection, self.table.raw_name, self.key, bounds=self.bounds)

    def begin(self) -> None:
        """Leave autocommit: what follows is one transaction until a commit. Harmless to repeat.

        It is called before the first write, because an unchanged table needs no transaction.
        """
        if self.connection.autocommit:
            self.connection.autocommit = False

    def commit_batch(self, chunks: Sequence[Chunk], rows: RowCounts) -> None:
        """Commit what was done so far together with its chunks and counts, behind a closed gate.

        Raises WarehouseError, and commits nothing, when the lock was lost.
        """
        self.chunk_store.arrange(chunks)
        record_row_counts(self.connection, self.attempt, rows)
        self.close_gate()
        self.lock.check()
        self.connection.commit()

    def close_gate(self) -> None:
        """Set the table's state to `loading` and close its gate, in the open transaction."""
        begin_loading(self.connection, self.table.raw_name, run_id=self.attempt.run_id)

    def commit(self) -> None:
        """Commit the open transaction, if there is one.

        Raises WarehouseError, and commits nothing, when the lock was lost.
        """
        if not self.connection.autocommit:
            self.lock.check()
            # Waits for the disk: what a load has finished must survive a crash.
            self.connection.execute("set local synchronous_commit to default; commit")


@contextmanager
def open_context(
    connections: EngineConnections, attempt: Attempt, batch: Batch, lock: TableLock, mode: Mode
) -> Iterator[LoadContext]:
    """Check the live structure and read what a load needs, as the only writer of what is locked.

    Raises StructureError when the source's table does not have the configured structure.
    """
    table = attempt.table
    key = paging_key(table)
    connection = connections.writing()
    with sole_writer(lock, connection):
        reading = connections.reading()
        live = check_live_table(reading, connections.source, table, key)
        stored = read_stored_table(connection, table, key)
        reader = PageReader(
            reading,
            table,
            connections.core,
            key=key,
            live=live,
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
