"""A table in ranges of its key, loaded by several processes, against the slow plain reader."""

from __future__ import annotations

import multiprocessing
import os
import signal

import pytest

from include.engine import compare, first_load, split_load
from include.engine.split_load import SupersededError
from include.errors import PipelineError
from tests.engine.faults.moments import at_page
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice
from tests.engine.ranged_loads import (
    TABLE,
    config,
    load_range,
    planned_run,
    side_by_side,
)
from tests.ops.gates import OPEN_GATES


def kill(practice: Practice, run_id: int, number: int, *, page: int) -> None:
    """Load one range in a process that is killed before it takes that page."""

    def load_and_die() -> None:
        first_load.COMMIT_ROWS = 300
        compare.ONE_TRANSACTION_ROWS = 300
        at_page(page, lambda: os.kill(os.getpid(), signal.SIGKILL))
        load_range(practice, run_id, number)

    process = multiprocessing.get_context("fork").Process(target=load_and_die)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def publish(practice: Practice) -> None:
    practice.command(OPEN_GATES)


def gate(practice: Practice) -> tuple[object, ...]:
    return practice.query("select state, is_publishable from ops.table_state")[0]


def moves(practice: Practice, run_id: int) -> list[tuple[object, ...]]:
    return practice.query(
        "select state, rows_read, inserted, changed, undeleted, deleted from ops.table_load "
        f"where run_id = {run_id}"
    )


def test_ranges_loaded_side_by_side_are_one_table_with_one_record(practice: Practice) -> None:
    practice.execute(*TABLE, "delete from T where Id > 1500 and Id <= 1600")
    run = planned_run(practice)
    assert side_by_side(practice, run) == [0, 0, 0, 0]
    assert assert_equal(practice.source, practice.warehouse, "T") == 1900
    assert moves(practice, run) == [("succeeded", 1900, 1900, 0, 0, 0)]
    assert gate(practice) == ("loaded", False)
    assert practice.query("select column_name, value from ops.affected") == [("*", "*")]
    # What the ranges remember is what the whole table's next load trusts.
    assert practice.load(config(practice)).chunks_changed == 0


def test_a_refresh_in_ranges_finds_every_edit_and_nothing_else(practice: Practice) -> None:
    practice.execute(*TABLE)
    practice.load(config(practice))
    publish(practice)
    run = planned_run(practice)
    assert side_by_side(practice, run) == [0, 0, 0, 0]
    assert moves(practice, run) == [("succeeded", 2000, 0, 0, 0, 0)]
    assert gate(practice) == ("loaded", True), "where nothing moves the gate stays open"
    practice.execute(
        "update T set Note = 'edited', Day = '2025-05-05' where Id in (1, 500, 501, 1500, 2000)",
        "delete from T where Id between 1490 and 1495 or Id in (1600, 1601)",
        "insert into T values (-5, 'before all', null), (9000, 'behind all', '2025-06-06')",
    )
    run = planned_run(practice)
    load_range(practice, run, 4)
    assert gate(practice) == ("loading", False)
    for number in (1, 3, 2):
        load_range(practice, run, number)
    assert assert_equal(practice.source, practice.warehouse, "T") == 1994
    assert moves(practice, run) == [("succeeded", 1994, 2, 5, 0, 8)]
    assert practice.query(
        "select count(*) from ops.chunk a join ops.chunk b on b.lo = a.hi"
    ) == practice.query("select count(*) - 1 from ops.chunk"), "the chunks cover the key space"


def test_a_killed_range_goes_on_behind_its_last_commit(practice: Practice) -> None:
    practice.execute(*TABLE)
    run = planned_run(practice)
    load_range(practice, run, 1)
    kill(practice, run, 2, page=6)
    load_range(practice, run, 3)
    load_range(practice, run, 4)
    assert gate(practice) == ("loading", False)
    committed = practice.query("select count(*) from raw.t where id > 500 and id <= 1500")[0][0]
    assert 300 <= committed < 1000
    practice.execute("update T set Note = 'edited' where Id = 600", "delete from T where Id = 601")
    loaded = load_range(practice, run, 2)
    assert loaded is not None
    # The range brought the rest; completing it compared what had been there already.
    assert moves(practice, run) == [("succeeded", 1999, 2000, 1, 0, 1)]
    assert_equal(practice.source, practice.warehouse, "T")


def test_a_range_that_never_ends_is_repaired_by_the_next_run(practice: Practice) -> None:
    practice.execute(*TABLE)
    first = planned_run(practice)
    load_range(practice, first, 4)
    kill(practice, first, 2, page=6)
    load_range(practice, first, 1)
    assert gate(practice) == ("loading", False)
    practice.execute("update T set Note = 'edited' where Id in (3, 700, 1700)")
    loaded = practice.load(config(practice))
    assert (loaded.rows_read, loaded.changed) == (2000, 3 - (700 > 1500))
    assert_equal(practice.source, practice.warehouse, "T")
    with pytest.raises(SupersededError, match="another load took the whole table before its range"):
        load_range(practice, first, 3)
    assert gate(practice) == ("loaded", False)


def test_a_load_that_comes_between_ranges_is_not_overwritten(practice: Practice) -> None:
    practice.execute(*TABLE)
    practice.load(config(practice))
    run = planned_run(practice)
    practice.execute("update T set Note = 'edited' where Id in (1, 1000)")
    load_range(practice, run, 1)
    practice.load(config(practice))
    publish(practice)
    written = practice.raw_versions(config(practice))
    for number in (2, 3, 4):
        with pytest.raises(SupersededError):
            load_range(practice, run, number)
    assert practice.raw_versions(config(practice)) == written
    assert [state for state, *_ in moves(practice, run)] == ["failed"]
    assert gate(practice) == ("loaded", True)
    assert_equal(practice.source, practice.warehouse, "T")


def test_a_range_that_fails_for_good_keeps_the_gate_closed_until_the_next_run(
    practice: Practice,
) -> None:
    practice.execute(*TABLE)
    practice.load(config(practice))
    publish(practice)
    practice.execute("update T set Note = concat(Note, '!')")
    run = planned_run(practice)
    practice.command("alter table raw.t add constraint meddling check (id <> 700) not valid")
    load_range(practice, run, 1)
    with pytest.raises(PipelineError, match="23514"):
        load_range(practice, run, 2)
    load_range(practice, run, 3)
    assert load_range(practice, run, 4) is None
    assert gate(practice) == ("loading", False)
    assert [state for state, *_ in moves(practice, run)] == ["failed"]
    assert practice.query("select range_number from ops.load_range where error like '%23514%'") == [
        (2,)
    ]
    practice.command("alter table raw.t drop constraint meddling")
    assert practice.load(config(practice)).changed == 1000
    assert_equal(practice.source, practice.warehouse, "T")
    assert gate(practice) == ("loaded", False)


def test_a_completion_that_was_killed_is_done_by_the_next_attempt(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.execute(*TABLE)
    run = planned_run(practice)
    for number in (1, 2, 3):
        load_range(practice, run, number)

    def load_and_die() -> None:
        # The key is committed by then, the record of the load is not.
        monkeypatch.setattr(
            split_load, "finish", lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        )
        load_range(practice, run, 4)

    process = multiprocessing.get_context("fork").Process(target=load_and_die)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert gate(practice) == ("loading", False)
    loaded = load_range(practice, run, 4)
    assert loaded is not None
    assert (loaded.rows_read, loaded.inserted) == (2000, 2000)
    assert_equal(practice.source, practice.warehouse, "T")
    assert load_range(practice, run, 4) is None, "a finished range has nothing left to do"


def test_a_table_that_ranges_do_not_fit_is_loaded_whole(practice: Practice) -> None:
    practice.execute(*TABLE)
    run = planned_run(practice)
    practice.load(config(practice))
    run = planned_run(practice)
    practice.command("update ops.chunk set hi = '{499}' where hi = '{500}'")
    practice.command("update ops.chunk set lo = '{499}' where lo = '{500}'")
    practice.execute("update T set Note = 'edited' where Id in (1, 1999)")
    loaded = load_range(practice, run, 3)
    assert loaded is not None
    assert (loaded.rows_read, loaded.changed) == (2000, 2)
    assert [load_range(practice, run, number) for number in (1, 2, 4)] == [None, None, None]
    assert_equal(practice.source, practice.warehouse, "T")
