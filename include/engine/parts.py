"""A table that is loaded in ranges of its key, by several loaders side by side.

    open once (alone) -> load every range (side by side) -> complete once (alone)

The rows of a range are committed with its chunks, behind a closed gate as soon as anything moves.
Until the table is completed it is not publishable, and a load of the whole table that comes
instead finds chunks with gaps: it loads what they do not cover and compares the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from include.engine.chunks import Chunk, uncovered
from include.engine.compare import UnexpectedRawRowsError, compare_chunks, compare_every_row
from include.engine.context import LoadContext, Pass
from include.engine.first_load import clear, complete, has_rows, load_uncovered
from include.engine.load import compared_with, finish, joined, row_counts
from include.engine.movement import Movement, TableLoad
from include.engine.ranges import LoadRanges, RangeTotals
from include.engine.records import record_movement, record_partial
from include.errors import TerminalError

log = logging.getLogger(__name__)


class SupersededError(TerminalError):
    """A load of the whole table came between the ranges of this run."""


def open_ranges(context: LoadContext, ranges: LoadRanges) -> bool:
    """Prepare the table for its ranges; say no, and do nothing, when it must be loaded whole.

    The caller holds the table alone.
    """
    state = context.standing.state
    is_first = is_first_load(context)
    if not context.key.is_integer or state not in ("never_loaded", "loaded"):
        return False
    if is_first and has_rows(context):
        # Rows along another key, or left over from something else.
        return False
    ends = {chunk.bounds.hi for chunk in context.standing.chunks}
    if not is_first and any(one.bounds.hi not in ends for one in ranges.read(context.connection)):
        # A chunk that two ranges share would belong to neither.
        return False
    context.begin()
    if is_first:
        clear(context)
        record_partial(context.connection, context.attempt)
    ranges.open(context.connection)
    context.commit()
    return True


def load_range(context: LoadContext, ranges: LoadRanges, part: int) -> None:
    """Load one open range, the context's; the caller holds it, and its batch is the context's.

    A retry of a first load goes on behind what an earlier attempt committed.
    """
    stored = context.store.read()
    if is_first_load(context):
        done = load_uncovered(context, stored, commits_parts=True)
    else:
        done = _compared(context, stored)
    context.begin()
    if done.chunks != stored:
        context.store.arrange(done.chunks)
    record_movement(context.connection, context.attempt, done.pending)
    if done.moved.total:
        record_partial(context.connection, context.attempt)
    ranges.record_loaded(context.connection, part, done)
    context.commit()
    log.info(
        "table %s, range %s: %s rows read, %s written; %s of %s chunks changed",
        context.table.name,
        part,
        done.rows_read,
        done.moved.total,
        done.chunks_changed,
        len(done.chunks),
    )


def complete_table(context: LoadContext, ranges: LoadRanges, totals: RangeTotals) -> TableLoad:
    """Make a table whose ranges are all loaded a complete one; the caller holds it alone.

    What an earlier attempt had committed is compared once more, and so is everything when the
    rows are not as many as were read.
    """
    is_first = is_first_load(context)
    chunks = context.standing.chunks
    row_count = sum(chunk.row_count for chunk in chunks)
    if is_first:
        complete(context, row_count)
        context.commit_part(chunks, Movement())
    moved = _moved(context)
    counts: tuple[int, int] | None = None
    # Counting takes as long as reading the table, so not where nothing moved, and once.
    if is_first and not totals.was_resumed and moved == Movement(inserted=row_count):
        # The table was empty, and its key lets nothing in twice.
        counts = row_count, 0
    elif is_first or context.was_interrupted or moved.total:
        counts = row_counts(context)
    done = Pass(
        list(chunks),
        totals.bytes_read,
        totals.chunks_changed,
        moved,
        Movement(),
        row_counts=counts,
    )
    is_whole = bool(chunks) and not uncovered(chunks, context.bounds)
    is_counted = counts is None or counts[0] == done.rows_read
    if (is_first and totals.was_resumed) or not is_counted or not is_whole:
        log.info(
            "table %s: comparing all ranges once more: one was interrupted, or rows are missing",
            context.table.name,
        )
        done = joined(done, compared_with(context, chunks))
    context.begin()
    ranges.finish(context.connection)
    return finish(context, done, is_first=is_first)


def is_first_load(context: LoadContext) -> bool:
    """Whether the raw table has not got its key yet: it gets it when it is complete."""
    return context.standing.primary_key != context.key.raw_names


def superseded(table: str, part: int) -> SupersededError:
    """Return what a range says that a load of the whole table has overtaken."""
    return SupersededError(
        f"another load took the whole table before its range {part} was loaded. This range wrote "
        "nothing; the table is as that load left it: ops.table_state says whether it is "
        "complete. Refresh the table again if it is not.",
        where=f"table {table}",
    )


def _compared(context: LoadContext, stored: Sequence[Chunk]) -> Pass:
    try:
        return compare_chunks(context, stored)
    except UnexpectedRawRowsError as error:
        context.connection.rollback()
        return compare_every_row(context, str(error))


def _moved(context: LoadContext) -> Movement:
    """Return what the ranges have committed so far, in this run."""
    row = context.connection.execute(
        "select inserted, changed, undeleted, deleted from ops.table_load "
        "where run_id = %s and table_name = %s",
        (context.attempt.run_id, context.table.raw_name),
    ).fetchone()
    return Movement(*row) if row else Movement()
