"""The three connections of a loader, reused from table to table.

One reads the source, one writes the warehouse. The third holds the locks and writes the records
that must survive a rollback of the load. A load that fails closes all three, and the next one opens
new ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType

from psycopg import sql

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.errors import ConfigError
from include.ops.config_versions import load_table_config
from include.ops.runs import read_run
from include.sessions.failures import driver_errors
from include.sessions.locks import LockSession, lock_session
from include.sessions.slots import source_slot
from include.source import session as source_session
from include.source.read_ahead import BufferPool
from include.source.session import SourceConnection
from include.transcoder.core import load_core
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection

# Readers and the schema changes of a plan lock a raw table only briefly.
LOCK_TIMEOUT_SECONDS = 60
# One page is written while the next ones are read, so that reading continues while the warehouse
# applies a batch of changed rows.
_PAGES_IN_MEMORY = 5
_PAGE_BYTES_IN_MEMORY = 16 * 1024 * 1024


class EngineConnections:
    """Connections for one load after another; a context manager, for one thread at a time.

    All loads share `core` and the memory in `buffers`.
    """

    def __init__(self, source: Endpoint, warehouse: Endpoint) -> None:
        self.source = source
        self.warehouse = warehouse
        self.core = load_core()
        self.buffers = BufferPool(_PAGES_IN_MEMORY, byte_limit=_PAGE_BYTES_IN_MEMORY)
        self._open = ExitStack()
        self._locks: LockSession | None = None
        self._writing: WarehouseConnection | None = None
        self._reading: SourceConnection | None = None
        self._has_slot = False
        self._versions: dict[int, int] = {}

    def __enter__(self) -> EngineConnections:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """Close every connection when the body fails, because their state is unknown then."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def driver_errors(self, table: str) -> Iterator[None]:
        """Turn the drivers' errors into the project's, which contain no row's value."""
        with driver_errors(self.source, self.warehouse, table):
            yield

    def pinned_config(self, run_id: int, table: str) -> TableConfig:
        """Return the table's config in the version that the run pinned.

        Raises ConfigError for an unknown run, and for a table that the version does not replicate.
        """
        connection = self._lock_session().connection
        # Planning is over, so the run keeps its version.
        if run_id not in self._versions:
            self._versions[run_id] = read_run(connection, run_id).config_version
        config = load_table_config(connection, self._versions[run_id], table)
        if config is None:
            raise ConfigError(
                f"is not in the config that run {run_id} pinned (version "
                f"{self._versions[run_id]}). Nothing was read or written. The next refresh takes a "
                "new table in; table names have the source's case.",
                where=f"table {table}",
            )
        return config

    def lock_session(self) -> LockSession:
        """Return the session that holds locks; it also holds a slot on the source.

        The slot is taken before any table's lock, so that nobody waits for a slot while holding a
        table.
        """
        locks = self._lock_session()
        if not self._has_slot:
            self._open.enter_context(source_slot(locks.connection, self.source))
            self._has_slot = True
        return locks

    def writing(self) -> WarehouseConnection:
        """Return the connection that writes the warehouse, in autocommit between loads."""
        if self._writing is None:
            connection = self._writing = warehouse_session.connect(self.warehouse, autocommit=True)
            # Closing rolls back: what is not committed by then belongs to a load that failed.
            self._open.callback(connection.close)
            connection.execute(
                sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_SECONDS}s"))
            )
            # Waiting for the disk at each commit would take longer than loading a small table. If
            # the warehouse's machine crashes, the last batch commits of a load, or the record that
            # nothing had changed, may be lost: each as a whole, and the next load repeats it. The
            # last commit of a load that changed something does wait: see `LoadContext.commit`.
            connection.execute("set synchronous_commit = off")
        return self._writing

    def reading(self) -> SourceConnection:
        """Return the read-only connection to the source."""
        if self._reading is None:
            self._reading = self._open.enter_context(source_session.connect(self.source))
        return self._reading

    def close(self) -> None:
        """Close all open connections; the next use opens new ones."""
        self._locks = self._writing = self._reading = None
        self._has_slot = False
        self._open.close()

    def _lock_session(self) -> LockSession:
        if self._locks is None:
            self._locks = self._open.enter_context(lock_session(self.warehouse))
        return self._locks
