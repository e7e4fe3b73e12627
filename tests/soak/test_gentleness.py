"""How long a load keeps the practice's own programs waiting.

The source's server says itself how long each statement of the practice waited for the table. A
crowded machine adds to that and takes nothing away, so the best of a few loads counts.
"""

from __future__ import annotations

import logging
import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.endpoints import Endpoint
from tests.engine.practice import Practice, open_practice, writing

pytestmark = pytest.mark.soak

ROWS = 300_000
COLUMNS = 70
CHUNK_ROWS = 20_000
LONGEST_WAIT_SECONDS = 0.25
TRIES = 3

log = logging.getLogger(__name__)


@pytest.fixture
def practice(source: Endpoint, warehouse: Endpoint) -> Practice:
    """A MyISAM table as wide as a practice's widest."""
    kinds: tuple[str, ...] = (
        "bigint not null",
        "varchar(60)",
        "double",
        "datetime",
        "tinyint",
        "date",
        "text",
    )
    values: tuple[str, ...] = (
        "seq * 7",
        "concat('word ', seq)",
        "seq / 7",
        "'2024-01-01' + interval seq minute",
        "seq % 2",
        "'2020-01-01' + interval seq % 999 day",
        "repeat('n', seq % 20)",
    )
    kinds = (kinds * COLUMNS)[: COLUMNS - 1]
    values = (values * COLUMNS)[: COLUMNS - 1]
    columns = ", ".join(f"C{at} {kind}" for at, kind in enumerate(kinds))
    found = open_practice(source, warehouse)
    found.execute(
        f"create table W (Id int primary key, {columns}) engine=MyISAM",
        f"insert into W select seq, {', '.join(values)} from seq_1_to_{ROWS}",
    )
    return found


def write_for_ever(source: Endpoint, seed: int) -> None:
    """Change rows all over the table, one after the other, as the practice's programs do."""
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    with writing(source) as cursor:
        cursor.execute("set long_query_time = 0, log_slow_filter = ''")
        while True:
            row = chance.randint(1, ROWS)
            cursor.execute(f"update W set C0 = C0 + 1 where Id = {row}")


@contextmanager
def writer_beside(practice: Practice, seed: int) -> Iterator[list[float]]:
    """Let a writer work in a process of its own; afterwards the list has its waits in seconds."""
    waits: list[float] = []
    practice.execute(
        "truncate mysql.slow_log",
        "set global log_output = 'TABLE'",
        "set global slow_query_log = 1",
    )
    process = multiprocessing.get_context("fork").Process(
        target=write_for_ever, args=(practice.source, seed)
    )
    process.start()
    try:
        yield waits
    finally:
        process.kill()
        process.join()
        practice.execute("set global slow_query_log = 0", "set global log_output = 'FILE'")
    with writing(practice.source) as cursor:
        cursor.execute(
            "select lock_time from mysql.slow_log where sql_text like 'update W set%' "
            "and db = database()"
        )
        waits.extend(wait.total_seconds() for (wait,) in cursor.fetchall())


@pytest.mark.parametrize("is_first", [True, False])
def test_a_load_keeps_a_writer_waiting_for_moments_only(
    practice: Practice, *, is_first: bool
) -> None:
    table = practice.config("W", chunk_rows=CHUNK_ROWS)
    longest: list[float] = []
    for number in range(TRIES):
        if is_first:
            practice.command("drop table if exists raw.w")
            practice.command("delete from ops.chunk; delete from ops.table_state")
        elif not number:
            practice.load(table)
        with writer_beside(practice, number) as waits:
            load = practice.load(table)
        assert load.rows_read == ROWS
        # It was there, and it was let through.
        assert len(waits) > ROWS // CHUNK_ROWS
        longest.append(max(waits))
        ordered = sorted(waits)
        log.info(
            "%s writes beside a load waited %.6f s (median), %.6f s (99.9 %%), %.6f s at most",
            len(waits),
            ordered[len(waits) // 2],
            ordered[len(waits) * 999 // 1000],
            longest[-1],
        )
    assert min(longest) < LONGEST_WAIT_SECONDS
