"""The connections of a loader, kept from table to table.

A session has three: one that reads the source, one that writes the warehouse, and one that holds
locks. A table that fails takes its connections with it, and the next one opens new ones.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType

import psycopg
from psycopg import sql

from include.catalog.model import TableConfig
from include.catalog.targets import LoadTarget, Mode
from include.endpoints import Endpoint
from include.engine import load as loading
from include.engine import parts
from include.engine.batch import Batch
from include.engine.chunk_store import ChunkStore
from include.engine.chunks import content_salt
from include.engine.context import LoadContext, PageSize
from include.engine.movement import TableLoad
from include.engine.ranges import LoadRange, LoadRanges
from include.engine.records import Attempt, record_failure, record_start
from include.engine.standing import read_standing
from include.errors import ConfigError
from include.ops.config_versions import load_table_config
from include.sessions.failures import describe, driver_errors
from include.sessions.locks import LockSession, TableLock, lock_session, sole_writer, table_lock
from include.sessions.slots import source_slot
from include.source import session as source_session
from include.source.keys import paging_key
from include.source.live_table import check_live_table
from include.source.pace import ReadPace
from include.source.pages import PageReader
from include.source.read_ahead import BufferPool
from include.source.session import SourceConnection
from include.transcoder.core import load_core
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection

# Readers and the schema changes of a plan hold a raw table for moments only.
LOCK_TIMEOUT_SECONDS = 60
# One page is written while the next ones are read: the source goes on while the warehouse applies
# a batch of changed rows.
_PAGES_IN_MEMORY = 5
_PAGE_BYTES_IN_MEMORY = 16 * 1024 * 1024

log = logging.getLogger(__name__)


class EngineSession:
    """Loads tables one after another; a context manager, for one thread at a time."""

    def __init__(self, source: Endpoint, warehouse: Endpoint) -> None:
        self._source = source
        self._warehouse = warehouse
        self._core = load_core()
        self._buffers = BufferPool(_PAGES_IN_MEMORY, byte_limit=_PAGE_BYTES_IN_MEMORY)
        self._open = ExitStack()
        self._locks: LockSession | None = None
        self._writing: WarehouseConnection | None = None
        self._reading: SourceConnection | None = None
        self._has_slot = False
        self._versions: dict[int, int] = {}

    def __enter__(self) -> EngineSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def load(self, *, run_id: int, table: str, mode: Mode = "compare") -> TableLoad:
        """Load one table with the config that its run pinned; `table` is its name in the source.

        Safe to repeat. After it the raw table equals the source table as it was read, less what
        the config excludes. A failure leaves the rows of the last good load, closes the table's
        gate and is recorded in `ops.table_load`. Raises TerminalError for what a person must fix,
        and SourceError or WarehouseError for what may pass.
        """
        try:
            with driver_errors(self._source, self._warehouse, table):
                config = self._pinned_config(run_id, table)
        except BaseException:
            self._close()
            raise
        return self.load_configured(Attempt(run_id, config), mode=mode)

    def load_configured(self, attempt: Attempt, *, mode: Mode = "compare") -> TableLoad:
        """Load one table with the given config; see `load`."""
        table = attempt.table
        try:
            with (
                driver_errors(self._source, self._warehouse, table.name),
                # A slot comes first: nobody who holds a table waits for one.
                table_lock(self._session_with_slot(), table.raw_name) as lock,
            ):
                batch = record_start(lock.connection, attempt)
                with self._failures_recorded(attempt, lock):
                    return self._load(attempt, batch, lock, mode)
        except BaseException:
            self._close()
            raise

    def load_part(
        self, *, run_id: int, table: str, part: int, mode: Mode = "compare"
    ) -> TableLoad | None:
        """Load one of the key ranges into which the run's plan split a table; see `load`.

        Other ranges may be loaded at the same time, and in any order. Whoever finds all of them
        loaded completes the table and returns its load; until then it is not publishable. Raises
        SupersededError when a load of the whole table came between.
        """
        try:
            with driver_errors(self._source, self._warehouse, table):
                locks = self._session_with_slot()
                config = self._pinned_config(run_id, table)
                return self._load_part(Attempt(run_id, config, in_ranges=True), locks, part, mode)
        except BaseException:
            self._close()
            raise

    def _load_part(
        self, attempt: Attempt, locks: LockSession, part: int, mode: Mode
    ) -> TableLoad | None:
        name = attempt.table.raw_name
        ranges = LoadRanges(attempt)
        if _states(ranges, locks) == {"planned"}:
            with table_lock(locks, name) as lock:
                if _states(ranges, locks) == {"planned"}:
                    with self._failures_recorded(attempt, lock):
                        whole = self._open_ranges(attempt, ranges, lock, mode)
                    if whole:
                        return whole
        with table_lock(locks, name, part=part) as lock:
            (found,) = (one for one in ranges.read(lock.connection) if one.part == part)
            if found.state == "superseded":
                error = parts.superseded(attempt.table.name, part)
                # The table's state is the other load's.
                ranges.record_given_up(lock.connection, str(error))
                raise error
            if found.state == "open":
                with self._failures_recorded(attempt, lock):
                    self._load_range(attempt, ranges, lock, found, mode)
        if _states(ranges, locks) != {"loaded"}:
            return None
        with table_lock(locks, name) as lock:
            # Another one may have been faster.
            if _states(ranges, locks) != {"loaded"}:
                return None
            with self._failures_recorded(attempt, lock):
                batch, totals = ranges.begin_completion(lock.connection)
                with self._context(attempt, batch, lock, mode) as context:
                    return parts.complete_table(context, ranges, totals)

    def _open_ranges(
        self, attempt: Attempt, ranges: LoadRanges, lock: TableLock, mode: Mode
    ) -> TableLoad | None:
        """Open the ranges of the table, or load the whole table where ranges do not do."""
        batch = record_start(lock.connection, attempt)
        with self._context(attempt, batch, lock, mode) as context:
            if parts.open_ranges(context, ranges):
                return None
            whole = loading.load(context)
            ranges.finish(lock.connection)
            return whole

    def _load_range(
        self, attempt: Attempt, ranges: LoadRanges, lock: TableLock, found: LoadRange, mode: Mode
    ) -> None:
        has_chunks = bool(
            ChunkStore(
                lock.connection,
                attempt.table.raw_name,
                paging_key(attempt.table),
                bounds=found.bounds,
            ).read()
        )
        batch = ranges.begin(lock.connection, found.part, is_resumed=has_chunks)
        try:
            with (
                driver_errors(self._source, self._warehouse, attempt.table.name),
                self._context(attempt, batch, lock, mode) as context,
            ):
                parts.load_range(replace(context, bounds=found.bounds), ranges, found.part)
        except BaseException as error:
            with suppress(psycopg.Error):
                ranges.record_failure(lock.connection, found.part, describe(error))
            raise

    @contextmanager
    def _failures_recorded(self, attempt: Attempt, lock: TableLock) -> Iterator[None]:
        try:
            with driver_errors(self._source, self._warehouse, attempt.table.name):
                yield
        except BaseException as error:
            _record_failure(lock.connection, attempt, error)
            raise

    def _load(self, attempt: Attempt, batch: Batch, lock: TableLock, mode: Mode) -> TableLoad:
        with self._context(attempt, batch, lock, mode) as context:
            return loading.load(context)

    @contextmanager
    def _context(
        self, attempt: Attempt, batch: Batch, lock: TableLock, mode: Mode
    ) -> Iterator[LoadContext]:
        """Everything that a load needs, as the only writer of what is locked."""
        table = attempt.table
        key = paging_key(table)
        connection = self._writing_session()
        with sole_writer(lock, connection):
            reading = self._reading_session()
            live = check_live_table(reading, table, key)
            standing = read_standing(connection, table, key)
            reader = PageReader(
                reading,
                table,
                self._core,
                key=key,
                index=live.key_index,
                reconnect=partial(source_session.reconnect, reading, self._source),
            )
            with closing(reader):
                yield LoadContext(
                    attempt=attempt,
                    batch=batch,
                    key=key,
                    salt=content_salt(table, key),
                    standing=standing,
                    core=self._core,
                    reader=reader,
                    buffers=self._buffers,
                    pace=ReadPace.of(self._source),
                    page_size=PageSize(table.chunk_rows, live.average_row_bytes),
                    connection=connection,
                    lock=lock,
                    ignores_hashes=mode == "full",
                    was_interrupted=standing.state == "loading",
                )

    def _pinned_config(self, run_id: int, table: str) -> TableConfig:
        """Return the table's config in the run's version, which stays what it is."""
        connection = self._lock_session().connection
        if run_id not in self._versions:
            self._versions[run_id] = _config_version(connection, run_id)
        config = load_table_config(connection, self._versions[run_id], table)
        if config is None:
            raise ConfigError(
                f"is not in the config that run {run_id} pinned (version "
                f"{self._versions[run_id]}). Nothing was read or written. Run discovery if the "
                "table is new; table names have the source's case.",
                where=f"table {table}",
            )
        return config

    def _lock_session(self) -> LockSession:
        if self._locks is None:
            self._locks = self._open.enter_context(lock_session(self._warehouse))
        return self._locks

    def _session_with_slot(self) -> LockSession:
        locks = self._lock_session()
        if not self._has_slot:
            self._open.enter_context(source_slot(locks.connection, self._source))
            self._has_slot = True
        return locks

    def _writing_session(self) -> WarehouseConnection:
        if self._writing is None:
            connection = self._writing = warehouse_session.connect(self._warehouse, autocommit=True)
            # Whatever is not committed when a session ends belongs to a load that failed.
            self._open.callback(connection.close)
            connection.execute(
                sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_SECONDS}s"))
            )
            # A crash of the warehouse may forget that nothing changed, and parts of a load, each
            # as a whole. Small tables feel each wait.
            connection.execute("set synchronous_commit = off")
        return self._writing

    def _reading_session(self) -> SourceConnection:
        if self._reading is None:
            self._reading = self._open.enter_context(source_session.connect(self._source))
        return self._reading

    def _close(self) -> None:
        self._locks = self._writing = self._reading = None
        self._has_slot = False
        self._open.close()


def load_target(
    source: Endpoint, warehouse: Endpoint, *, run_id: int, target: LoadTarget, mode: Mode
) -> TableLoad | None:
    """Load a table, or one range of it, in a session of its own; see `EngineSession`."""
    with EngineSession(source, warehouse) as session:
        if target.part is None:
            return session.load(run_id=run_id, table=target.table, mode=mode)
        return session.load_part(run_id=run_id, table=target.table, part=target.part, mode=mode)


def load_table(
    source: Endpoint, warehouse: Endpoint, *, run_id: int, table: str, mode: Mode = "compare"
) -> TableLoad:
    """Load one table in a session of its own; see `EngineSession.load`."""
    with EngineSession(source, warehouse) as session:
        return session.load(run_id=run_id, table=table, mode=mode)


def _config_version(connection: WarehouseConnection, run_id: int) -> int:
    row = connection.execute(
        "select config_version from ops.run where run_id = %s", (run_id,)
    ).fetchone()
    if row is None:
        raise ConfigError(
            f"has no run {run_id}. Nothing was read or written. Start a new refresh.",
            where="ops.run",
        )
    return int(row[0])


def _states(ranges: LoadRanges, locks: LockSession) -> set[str]:
    return {one.state for one in ranges.read(locks.connection)}


def _record_failure(lock: WarehouseConnection, attempt: Attempt, error: BaseException) -> None:
    try:
        record_failure(lock, attempt, describe(error))
    except psycopg.Error:
        log.warning(
            "table %s: the failure could not be recorded in the warehouse", attempt.table.name
        )
