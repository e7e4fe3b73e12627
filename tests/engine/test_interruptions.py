from __future__ import annotations

import multiprocessing
import os
import signal
import threading

import pytest

from include.engine import compare, first_load
from include.errors import WarehouseError
from include.ops.load_results import TableLoad
from include.sessions import locks
from include.source.read_ahead import BufferPool
from include.warehouse import session as warehouse_session
from tests.engine.faults.moments import at_page
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice
from tests.ops.gates import OPEN_GATES

TABLE = (
    "create table T (Id int primary key, Note text) engine=MyISAM",
    "insert into T select seq, concat('note ', seq) from seq_1_to_1000",
)


def die(practice: Practice, *, page: int, batch_rows: int) -> None:
    """Load T in a process of its own that is killed before it takes a page."""

    def load_and_die() -> None:
        first_load.COMMIT_ROWS = batch_rows
        compare.ONE_TRANSACTION_ROWS = batch_rows
        at_page(page, lambda: os.kill(os.getpid(), signal.SIGKILL))
        practice.load(practice.config("T", chunk_rows=100))

    process = multiprocessing.get_context("fork").Process(target=load_and_die)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def gate(practice: Practice) -> tuple[object, ...]:
    return practice.query("select state, is_publishable from ops.table_state")[0]


def test_a_first_load_that_was_killed_goes_on_behind_its_last_part(practice: Practice) -> None:
    practice.execute(*TABLE)
    die(practice, page=8, batch_rows=300)
    assert practice.query("select count(*) from raw.t") == [(600,)]
    assert gate(practice) == ("loading", False)
    # What was loaded already changes before somebody tries again.
    practice.execute(
        "update T set Note = 'edited' where Id = 50",
        "delete from T where Id in (60, 61)",
        "insert into T values (0, 'before all'), (2000, 'behind all')",
    )
    load = practice.load(practice.config("T", chunk_rows=100))
    assert assert_equal(practice.source, practice.warehouse, "T") == 1000
    assert (load.rows_read, load.inserted, load.changed, load.deleted) == (1000, 402, 1, 2)
    assert gate(practice) == ("loaded", False)
    assert practice.query("select attempt, state, inserted, deleted from ops.table_load") == [
        (2, "succeeded", 1002, 2)
    ]
    assert practice.load(practice.config("T", chunk_rows=100)).moved == 0


def test_a_first_load_killed_before_its_only_commit_leaves_nothing(practice: Practice) -> None:
    practice.execute(*TABLE)
    die(practice, page=8, batch_rows=1_000_000)
    assert practice.query("select count(*) from raw.t") == [(0,)]
    assert gate(practice) == ("never_loaded", False)
    assert practice.load(practice.config("T", chunk_rows=100)).inserted == 1000
    assert_equal(practice.source, practice.warehouse, "T")


def test_a_killed_refresh_leaves_the_last_good_rows(practice: Practice) -> None:
    practice.execute(*TABLE)
    practice.load(practice.config("T", chunk_rows=100))
    practice.command(OPEN_GATES)
    practice.execute("update T set Note = 'x'")
    die(practice, page=8, batch_rows=1_000_000)
    assert practice.query("select count(*) from raw.t where note = 'x'") == [(0,)]
    assert gate(practice) == ("loaded", True)
    assert practice.load(practice.config("T", chunk_rows=100)).changed == 1000
    assert_equal(practice.source, practice.warehouse, "T")
    assert gate(practice) == ("loaded", True)


@pytest.mark.parametrize("key", ["Id int primary key", "Id varchar(9) primary key"])
def test_a_large_refresh_commits_by_parts_with_the_gate_closed(
    practice: Practice, key: str
) -> None:
    practice.execute(TABLE[0].replace("Id int primary key", key), TABLE[1])
    practice.load(practice.config("T", chunk_rows=100))
    practice.command(OPEN_GATES)
    practice.execute("update T set Note = 'x'", "delete from T where Note = 'x' and Id % 10 = 7")
    die(practice, page=8, batch_rows=200)
    changed = practice.query("select count(*) from raw.t where note = 'x'")[0][0]
    assert 200 <= changed < 900
    assert gate(practice) == ("loading", False)
    load = practice.load(practice.config("T", chunk_rows=100))
    assert load.changed == 900 - changed
    assert_equal(practice.source, practice.warehouse, "T")
    assert practice.query("select changed, deleted from ops.table_load") == [(900, 100)]


def test_two_loads_at_once_double_nothing(practice: Practice) -> None:
    practice.execute(*TABLE)
    table = practice.config("T", chunk_rows=100)
    loads: list[TableLoad] = []
    threads = [
        threading.Thread(target=lambda: loads.append(practice.load(table))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(load.inserted for load in loads) == [0, 1000]
    assert_equal(practice.source, practice.warehouse, "T")


def test_a_load_that_waits_too_long_for_another_says_so(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.execute(*TABLE)
    table = practice.config("T")
    monkeypatch.setattr(locks, "TURN_LIMIT_SECONDS", 1)
    with (
        locks.lock_session(practice.warehouse) as session,
        locks.table_lock(session, "t"),
        pytest.raises(WarehouseError, match="another load or validation is still at work"),
    ):
        practice.load(table)
    assert practice.query("select count(*) from ops.table_load") == [(0,)]
    assert practice.load(table).inserted == 1000


def test_a_load_whose_lock_was_cut_commits_nothing(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.execute(*TABLE)
    table = practice.config("T", chunk_rows=100)
    practice.load(table)
    practice.execute("update T set Note = 'x'")
    monkeypatch.setattr(BufferPool, "give_back", BufferPool.give_back)

    def cut() -> None:
        practice.command(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            f"where application_name = '{warehouse_session.LOCK_APPLICATION_NAME}'"
        )

    at_page(5, cut)
    with pytest.raises(WarehouseError, match="keeps other loads of this table away was cut"):
        practice.load(table)
    assert practice.query("select count(*) from raw.t where note = 'x'") == [(0,)]
    monkeypatch.undo()
    assert practice.load(table).changed == 1000


def test_rows_that_somebody_else_wrote_into_raw_are_repaired(practice: Practice) -> None:
    practice.execute(*TABLE)
    table = practice.config("T", chunk_rows=100)
    practice.load(table)
    with warehouse_session.connect(practice.warehouse, autocommit=True) as connection:
        connection.execute("delete from raw.t where id between 10 and 20")
    practice.execute("update T set Note = 'edited' where Id = 900")
    load = practice.load(table)
    assert (load.inserted, load.changed) == (11, 1)
    practice.command("delete from raw.t where id = 30")
    assert practice.load(table).inserted == 1
    practice.command("update raw.t set note = 'tampered' where id = 5")
    assert practice.load(table).moved == 0
    assert practice.load(table, mode="full").changed == 1
    assert_equal(practice.source, practice.warehouse, "T")


def test_the_counts_of_a_published_table_are_reckoned_and_right(practice: Practice) -> None:
    practice.execute(*TABLE)
    table = practice.config("T", chunk_rows=100)
    practice.load(table)
    practice.command(OPEN_GATES)
    for edit in (
        "delete from T where Id in (5, 6, 700)",
        "insert into T (Id, Note) values (6, 'back'), (100000, 'new')",
        "update T set Note = 'edited' where Id % 3 = 0",
    ):
        practice.execute(edit)
        practice.load(table)
        assert practice.query("select row_count, deleted_count from ops.table_state") == (
            practice.query(
                "select count(*) filter (where _deleted_at is null), "
                "count(*) filter (where _deleted_at is not null) from raw.t"
            )
        )


def test_damaged_row_hashes_are_not_used(practice: Practice) -> None:
    practice.execute(*TABLE)
    table = practice.config("T", chunk_rows=100)
    practice.load(table)
    practice.command(
        "update ops.chunk set row_index = case ordinal % 3 when 0 then ''::bytea "
        "when 1 then substring(row_index for 50) else '\\xffffffff'::bytea || row_index end"
    )
    practice.execute("update T set Note = 'edited' where Id % 7 = 0", "delete from T where Id = 9")
    load = practice.load(table)
    assert (load.changed, load.deleted) == (142, 1)
    assert_equal(practice.source, practice.warehouse, "T")
