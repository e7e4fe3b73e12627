"""The story of a split load: several loaders share one table, in ranges of its key.

    open the ranges -> load every range -> complete the table
    (one loader)       (in parallel)       (one loader)

The rows of a range are committed with its chunks; the first range that changes a row closes the
gate, until the completed table is validated. A load of the whole table that comes in between finds
chunks with gaps: it loads what they do not cover and compares the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace

import psycopg

from include.catalog.targets import Mode
from include.engine.chunks import uncovered
from include.engine.compare import UnexpectedRawRowsError, compare_chunks, full_comparison
from include.engine.connections import EngineConnections
from include.engine.context import LoadContext, open_context
from include.engine.first_load import clear, complete, has_rows, load_uncovered
from include.engine.load import (
    compare_and_repair,
    count_rows,
    failures_recorded,
    finish,
    load_whole,
)
from include.engine.page_limits import page_limits
from include.engine.results import Pass
from include.errors import TerminalError
from include.ops.chunks import Chunk, ChunkStore
from include.ops.load_results import Attempt, Batch, RowCounts, TableLoad
from include.ops.loads import (
    begin_completion,
    read_row_counts,
    record_given_up,
    record_row_counts,
    record_start,
)
from include.ops.ranges import LoadRange, LoadRanges, RangeState, RangeTotals
from include.ops.table_states import TableState
from include.sessions.failures import describe
from include.sessions.locks import TableLock, table_lock
from include.source.keys import paging_key

log = logging.getLogger(__name__)

_ALL_PLANNED = {RangeState.PLANNED}
_ALL_LOADED = {RangeState.LOADED}


class SupersededError(TerminalError):
    """A load of the whole table began before this run had loaded all its ranges."""


def load_range(
    connections: EngineConnections, attempt: Attempt, number: int, *, mode: Mode = "compare"
) -> TableLoad | None:
    """Load one of the key ranges into which the run's plan split a table; see `load.load`.

    Other ranges may be loaded at the same time, and in any order. The loader that finds all of
    them loaded completes the table and returns its load; the others return None. Raises
    SupersededError when a load of the whole table began in between.
    """
    table = attempt.table
    with connections.closed_on_failure(), connections.driver_errors(table.name):
        split = _SplitLoad(connections, replace(attempt, in_ranges=True), mode)
        whole = split.open_once()
        if whole:
            return whole
        split.load(number)
        return split.complete_once()


class _SplitLoad:
    """The steps of one loader; each takes the locks that it needs, and commits."""

    def __init__(self, connections: EngineConnections, attempt: Attempt, mode: Mode) -> None:
        self._connections = connections
        self._attempt = attempt
        self._mode = mode
        self._locks = connections.lock_session()
        self._ranges = LoadRanges(attempt)

    def open_once(self) -> TableLoad | None:
        """Open the ranges unless another loader did; load the whole table if it cannot be split.

        Returns the load of the whole table; None when the ranges are open.
        """
        if self._states() != _ALL_PLANNED:
            return None
        with table_lock(self._locks, self._attempt.table.raw_name) as lock:
            if self._states() != _ALL_PLANNED:
                return None
            with failures_recorded(self._connections, self._attempt, lock):
                batch = record_start(lock.connection, self._attempt)
                with self._context(batch, lock) as context:
                    if _open_ranges(context, self._ranges):
                        return None
                    whole = load_whole(context)
                    self._ranges.finish(lock.connection)
                    return whole

    def load(self, number: int) -> None:
        """Load a range that is open; nothing is done for one that is loaded."""
        raw_name = self._attempt.table.raw_name
        with table_lock(self._locks, raw_name, range_number=number) as lock:
            (found,) = (one for one in self._ranges.read(lock.connection) if one.number == number)
            if found.state is RangeState.SUPERSEDED:
                error = _superseded(self._attempt.table.name, number)
                # The other load decides about the table's state and gate.
                record_given_up(lock.connection, self._attempt, str(error))
                raise error
            if found.state is RangeState.OPEN:
                with failures_recorded(self._connections, self._attempt, lock):
                    self._load_open_range(found, lock)

    def complete_once(self) -> TableLoad | None:
        """Complete the table when all ranges are loaded, unless another loader did."""
        if self._states() != _ALL_LOADED:
            return None
        with table_lock(self._locks, self._attempt.table.raw_name) as lock:
            if self._states() != _ALL_LOADED:
                return None
            with failures_recorded(self._connections, self._attempt, lock):
                batch = begin_completion(lock.connection, self._attempt)
                totals = self._ranges.totals(lock.connection)
                with self._context(batch, lock) as context:
                    return _complete_table(context, self._ranges, totals)

    def _load_open_range(self, found: LoadRange, lock: TableLock) -> None:
        table = self._attempt.table
        stored = ChunkStore(
            lock.connection, table.raw_name, paging_key(table), bounds=found.bounds
        ).read()
        batch = self._ranges.begin(lock.connection, found.number, is_resumed=bool(stored))
        try:
            with (
                self._connections.driver_errors(table.name),
                page_limits(table),
                self._context(batch, lock) as context,
            ):
                _load_rows(replace(context, bounds=found.bounds), self._ranges, found.number)
        except BaseException as error:
            with suppress(psycopg.Error):
                self._ranges.record_failure(lock.connection, found.number, describe(error))
            raise

    def _context(self, batch: Batch, lock: TableLock) -> AbstractContextManager[LoadContext]:
        return open_context(self._connections, self._attempt, batch, lock, self._mode)

    def _states(self) -> set[RangeState]:
        return self._ranges.states(self._locks.connection)


def _open_ranges(context: LoadContext, ranges: LoadRanges) -> bool:
    """Prepare the table for its ranges, and commit. The caller holds the lock of the whole table.

    Returns False, and changes nothing, when the table must be loaded as a whole.
    """
    is_first = _is_first_load(context)
    is_settled = context.stored.state in (TableState.NEVER_LOADED, TableState.LOADED)
    if not context.key.is_integer or not is_settled:
        return False
    if is_first and has_rows(context):
        # The key has changed, or something else wrote these rows.
        return False
    ends = {chunk.bounds.hi for chunk in context.stored.chunks}
    if not is_first and any(one.bounds.hi not in ends for one in ranges.read(context.connection)):
        # A chunk that overlaps two ranges would belong to neither.
        return False
    context.begin()
    if is_first:
        clear(context)
        context.close_gate()
    ranges.open(context.connection)
    context.commit()
    return True


def _load_rows(context: LoadContext, ranges: LoadRanges, number: int) -> None:
    """Load the open range `context.bounds`, and commit. The caller holds the range's lock.

    A retry of a first load continues after what an earlier attempt committed.
    """
    stored = context.chunk_store.read()
    if _is_first_load(context):
        done = load_uncovered(context, stored, commits_batches=True)
    else:
        done = _compare(context, stored)
    context.begin()
    if done.chunks != stored:
        context.chunk_store.arrange(done.chunks)
    record_row_counts(context.connection, context.attempt, done.pending)
    if done.moved.total:
        context.close_gate()
    ranges.record_loaded(
        context.connection,
        number,
        bytes_read=done.byte_count,
        chunks_read=len(done.chunks),
        chunks_changed=done.chunks_changed,
    )
    context.commit()
    log.info(
        "table %s, range %s: %s rows read, %s written; %s of %s chunks changed",
        context.table.name,
        number,
        done.rows_read,
        done.moved.total,
        done.chunks_changed,
        len(done.chunks),
    )


def _compare(context: LoadContext, chunks: Sequence[Chunk]) -> Pass:
    try:
        return compare_chunks(context, chunks)
    except UnexpectedRawRowsError as error:
        context.connection.rollback()
        return full_comparison(context, str(error))


def _complete_table(context: LoadContext, ranges: LoadRanges, totals: RangeTotals) -> TableLoad:
    """Complete a table whose ranges are all loaded, and commit; the caller holds the table's lock.

    All ranges are compared once more if a first load was interrupted in one of them, if raw does
    not have as many living rows as were read, or if the chunks have gaps.
    """
    is_first = _is_first_load(context)
    chunks = context.stored.chunks
    row_count = sum(chunk.row_count for chunk in chunks)
    if is_first:
        complete(context, row_count)
        context.commit_batch(chunks, RowCounts())
    moved = read_row_counts(context.connection, context.attempt)
    counts: tuple[int, int] | None = None
    # Counting takes as long as reading the table, so it is done once, and only if rows have moved.
    if is_first and not totals.was_resumed and moved == RowCounts(inserted=row_count):
        # The table was empty, and its primary key excludes duplicates: no need to count.
        counts = row_count, 0
    elif is_first or context.was_interrupted or moved.total:
        counts = count_rows(context)
    done = Pass(
        list(chunks),
        totals.bytes_read,
        totals.chunks_changed,
        moved,
        RowCounts(),
        row_counts=counts,
    )
    is_whole = bool(chunks) and not uncovered(chunks, context.bounds)
    is_counted = counts is None or counts[0] == done.rows_read
    if (is_first and totals.was_resumed) or not is_counted or not is_whole:
        log.info(
            "table %s: comparing all ranges once more: one was interrupted, or rows are missing",
            context.table.name,
        )
        done = done.followed_by(compare_and_repair(context, chunks))
    context.begin()
    ranges.finish(context.connection)
    return finish(context, done, is_first=is_first)


def _is_first_load(context: LoadContext) -> bool:
    """Whether the raw table lacks its primary key, which it gets when it is completed."""
    return context.stored.primary_key != context.key.raw_names


def _superseded(table: str, number: int) -> SupersededError:
    return SupersededError(
        f"another load took the whole table before its range {number} was loaded. This range wrote "
        "nothing; the table is as that load left it: ops.table_state says whether it is "
        "complete. Refresh the table again if it is not.",
        where=f"table {table}",
    )
