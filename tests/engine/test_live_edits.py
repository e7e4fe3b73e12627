"""Loads while the practice goes on working: edits fall between any two pages."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from include.engine.verify import verify_table
from include.source.pages import PageReader
from include.source.statement import ResultBuffer
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice, writing
from tests.engine.ranged_loads import RANGES, TABLE, load_range, planned_run, side_by_side

# The key columns of each shape: the declaration of K, K as a function of A, and the key.
KEYS = {
    "integer": ("int", "{a} * 3", "K"),
    "unsigned": ("bigint unsigned", "18446744073709551615 - {a}", "K"),
    "decimal": ("decimal(12, 3)", "-{a} / 8", "K"),
    "bytes": ("varbinary(20)", "unhex(md5({a}))", "K"),
    "date and integer": ("date", "'2020-01-01' + interval {a} % 40 day", "K, A"),
    "moment": ("datetime(6)", "'2020-01-01' + interval {a} microsecond", "K"),
    "text": ("varchar(20) collate utf8mb4_general_ci", "{text}", "K"),
    "text, date": ("varchar(20) collate utf8mb4_unicode_ci", "'Engineer'", "A, K, D"),
    "latin text": ("char(9) character set latin1", "concat('é', {a} % 7)", "K, A"),
    "uuid": ("uuid", "{uuid}", "K"),
    "address": ("inet6", "concat('::', hex({a}))", "K"),
    "float": ("float", "{a} / 3", "K"),
    "enum": ("enum('zebra', 'apple', 'mango')", "1 + {a} % 3", "K, A"),
    "none": ("int", "{a} % 5", ""),
}
EDITS_OF_RANGES = (
    "delete from T where Id = {one}",
    "update T set Note = concat(Note, '!') where Id = {one}",
    "update ignore T set Id = {new} where Id = {one}",
    "insert ignore into T values ({new}, 'new', '2024-05-05')",
)
UUID = (
    "concat(lpad(hex({a} * 7919), 8, '0'), elt(1 + {a} % 2, '-7b1c-11ee', '-6871-7abc'), "
    "'-8001-0242ac120001')"
)
TEXT = "concat(elt(1 + {a} % 6, 'a', 'B', 'c ', 'Éa', '_', 'zz'), {a})"
ROWS = 240


def make(practice: Practice, shape: str, *, engine: str) -> str:
    """Create T with ROWS rows; return K as a function of {a}."""
    kind, value, key = KEYS[shape]
    value = value.replace("{text}", TEXT).replace("{uuid}", UUID)
    ending = f", primary key ({key})" if key else ""
    practice.execute(
        f"create table T (A int not null, K {kind} not null, D date not null, N int{ending}) "
        f"engine={engine} character set utf8mb4",
        f"insert into T select seq, {value.format(a='seq')}, '2020-01-01', 0 "
        f"from seq_1_to_{ROWS} s",
    )
    return value


class Editor:
    """Inserts, deletes, edits and moves rows at random; the same seed does the same."""

    def __init__(self, value: str, *, seed: int) -> None:
        self._value = value
        self._random = random.Random(seed)  # noqa: S311
        self._free = set(range(1, 2 * ROWS)) - set(range(1, ROWS + 1))

    def edit(self, cursor: Any) -> None:
        """Do one edit."""
        one, new = self._random.randint(1, 2 * ROWS), self._random.randint(1, 2 * ROWS)
        key = self._value.format(a=new)
        cursor.execute(
            self._random.choice(
                (
                    f"delete from T where A = {one}",
                    f"update T set N = N + 1 where A = {one}",
                    f"insert ignore into T select {new}, {key}, '2020-01-01', 0 from dual "
                    f"where not exists (select 1 from T t where A = {new})",
                    # The row's key moves forward or backward.
                    f"update ignore T set A = {new}, K = {key} where A = {one} limit 1",
                )
            )
        )


def edit_ranges(cursor: Any, chance: random.Random) -> None:
    """Do one edit of the table that is loaded in ranges."""
    one, new = chance.randint(1, 2500), chance.randint(1, 2500)
    cursor.execute(chance.choice(EDITS_OF_RANGES).format(one=one, new=new))


@contextmanager
def meanwhile(practice: Practice, edit: Callable[[Any], None]) -> Iterator[None]:
    """Edit the source in a thread of its own."""
    is_over = threading.Event()

    def work() -> None:
        with writing(practice.source) as cursor:
            # Without any pause, readers of a MyISAM table would starve.
            while not is_over.wait(0.002):
                edit(cursor)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextmanager
def after_pages(act: Callable[[int], None]) -> Iterator[None]:
    """Call `act` with its number after each page that was read, before the next is asked for."""
    read = PageReader.read
    numbers = iter(range(1, 1_000_000))

    def reading(self: PageReader, page: ResultBuffer, bounds: Any, *, limit: int) -> bool:
        is_last = read(self, page, bounds, limit=limit)
        act(next(numbers))
        return is_last

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PageReader, "read", reading)
        yield


@pytest.mark.parametrize("shape", KEYS)
def test_a_load_among_edits_succeeds_and_a_quiet_one_makes_both_sides_equal(
    practice: Practice, shape: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = make(practice, shape, engine="MyISAM" if len(shape) % 2 else "InnoDB")
    table = practice.config("T", chunk_rows=20)
    editor = Editor(value, seed=len(shape))
    with writing(practice.source) as cursor, caplog.at_level(logging.WARNING):
        for _ in range(4):
            with after_pages(lambda _: editor.edit(cursor)):
                practice.load(table)
            for _ in range(5):
                editor.edit(cursor)
    assert not caplog.records
    rows = practice.load(table).rows_read
    assert assert_equal(practice.source, practice.warehouse, "T") == rows
    assert verify_table(practice.source, practice.warehouse, table).is_equal
    assert practice.load(table).moved == 0
    assert practice.query("select row_count from ops.table_state") == [(rows,)]


@pytest.mark.parametrize(
    "edit",
    [
        "delete from T where A = 1",
        "delete from T where A = 239",
        "insert into T values (900, 'b!', '2020-01-01', 0)",
        "update T set K = '!' where A = 239",
        "update T set K = 'zzzz' where A = 1",
    ],
)
def test_an_edit_among_the_pages_that_is_undone_afterwards_leaves_both_sides_equal(
    practice: Practice, edit: str
) -> None:
    # The stored hashes must be those of the rows in raw, or the undone edit would not show.
    make(practice, "text", engine="InnoDB")
    practice.execute("create table Kept like T", "insert into Kept select * from T")
    table = practice.config("T", chunk_rows=20)
    practice.load(table)
    numbers: list[int] = []
    with writing(practice.source) as cursor:
        for page in range(1, 40, 3):

            def act(number: int, at: int = page) -> None:
                numbers.append(number)
                if number == at:
                    cursor.execute(edit)

            cursor.execute(f"update T set N = {page} where A = 100")
            with after_pages(act):
                practice.load(table)
            cursor.execute("delete from T")
            cursor.execute("insert into T select * from Kept")
            practice.load(table)
            assert assert_equal(practice.source, practice.warehouse, "T") == ROWS
            assert practice.load(table).moved == 0
    # Both readings were disturbed: there are at most 12 chunks.
    assert max(numbers) > 20


def test_another_collation_of_the_key_is_no_change_of_any_row(practice: Practice) -> None:
    make(practice, "text", engine="InnoDB")
    table = practice.config("T", chunk_rows=20)
    practice.load(table)
    practice.execute(
        "alter table T modify K varchar(20) character set utf8mb4 collate utf8mb4_bin not null",
        "delete from T where A % 20 = 3",
        "update T set N = 5 where A % 20 = 4",
    )
    load = practice.load(practice.config("T", chunk_rows=20))
    assert (load.inserted, load.changed, load.deleted) == (0, 12, 12)
    assert assert_equal(practice.source, practice.warehouse, "T") == ROWS - 12
    assert practice.load(table).moved == 0


def test_ranges_that_are_loaded_among_edits_are_one_table(practice: Practice) -> None:
    practice.execute(*TABLE)
    chance = random.Random(7)  # noqa: S311
    with writing(practice.source) as cursor:
        for _ in range(3):
            run_id = planned_run(practice)
            with after_pages(lambda _: edit_ranges(cursor, chance)):
                loads = [load_range(practice, run_id, number) for number in RANGES]
            assert [load is None for load in loads] == [True, True, True, False]
    run_id = planned_run(practice)
    for number in RANGES:
        load_range(practice, run_id, number)
    assert_equal(practice.source, practice.warehouse, "T")


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["MyISAM", "InnoDB"])
@pytest.mark.parametrize("shape", KEYS)
def test_very_many_live_edits_fail_no_load(
    practice: Practice, shape: str, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = make(practice, shape, engine=engine)
    table = practice.config("T", chunk_rows=20)
    caplog.set_level(logging.WARNING)
    for seed in range(6):
        editor = Editor(value, seed=seed)
        with meanwhile(practice, editor.edit):
            for _ in range(4):
                practice.load(table)
        rows = practice.load(table).rows_read
        assert assert_equal(practice.source, practice.warehouse, "T") == rows
        assert practice.load(table).moved == 0
    assert not caplog.records


@pytest.mark.soak
def test_very_many_live_edits_fail_no_range(practice: Practice) -> None:
    practice.execute(*TABLE)
    chance = random.Random(7)  # noqa: S311
    for _ in range(10):
        with meanwhile(practice, lambda cursor: edit_ranges(cursor, chance)):
            assert side_by_side(practice, planned_run(practice)) == [0] * len(RANGES)
        assert side_by_side(practice, planned_run(practice)) == [0] * len(RANGES)
        assert_equal(practice.source, practice.warehouse, "T")
