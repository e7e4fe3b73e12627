"""What timestamps would miss, and tables that change their nature between or during loads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.errors import StructureError
from tests.engine.faults.moments import at_moment
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice

STAMPED = (
    "create table T (Id int primary key, Note text, "
    "Stamp timestamp not null default current_timestamp on update current_timestamp) "
    "engine=MyISAM",
    "insert into T select seq, 'x', '2024-05-05 10:00:00' from seq_1_to_100",
)


@pytest.mark.parametrize(
    "edit",
    [
        # A tie: other content under the very stamp that was seen last.
        "update T set Note = 'tie', Stamp = Stamp where Id = 50",
        "insert into T values (101, 'tie', '2024-05-05 10:00:00')",
        # The clock was set back, or a row was restored from a backup.
        "update T set Note = 'earlier', Stamp = '2001-01-01' where Id = 50",
        "insert into T values (-5, 'earlier', '2001-01-01')",
        # Nothing but the stamp moves.
        "update T set Stamp = '2024-05-05 10:00:01' where Id = 50",
    ],
)
def test_a_stamp_that_does_not_move_forward_hides_no_edit(practice: Practice, edit: str) -> None:
    practice.execute(*STAMPED)
    table = practice.config("T", chunk_rows=30)
    practice.load(table)
    practice.execute(edit)
    assert practice.load(table).moved == 1
    assert_equal(practice.source, practice.warehouse, "T")


def test_the_hour_that_comes_twice_keeps_both_moments(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, Moment timestamp null, Local datetime)",
        # New York, 2024-11-03: 01:30 before and after the clocks go back.
        "insert into T values (1, '2024-11-03 05:30:00', '2024-11-03 01:30:00'), "
        "(2, '2024-11-03 06:30:00', '2024-11-03 01:30:00'), "
        # 2024-03-10: an hour that no clock in New York shows.
        "(3, '2024-03-10 07:00:00', '2024-03-10 02:30:00')",
    )
    table = practice.config("T")
    practice.load(table)
    assert practice.query("select id, moment, local from raw.t order by id") == [
        (1, datetime(2024, 11, 3, 5, 30, tzinfo=UTC), datetime(2024, 11, 3, 1, 30)),  # noqa: DTZ001
        (2, datetime(2024, 11, 3, 6, 30, tzinfo=UTC), datetime(2024, 11, 3, 1, 30)),  # noqa: DTZ001
        (3, datetime(2024, 3, 10, 7, tzinfo=UTC), datetime(2024, 3, 10, 2, 30)),  # noqa: DTZ001
    ]
    practice.execute("update T set Moment = '2024-11-03 05:30:00' where Id = 2")
    assert practice.load(table).changed == 1
    # The server's own zone changes nothing.
    practice.execute("set global time_zone = '-05:00'")
    try:
        assert practice.load(table).moved == 0
    finally:
        practice.execute("set global time_zone = 'SYSTEM'")


def test_a_table_that_was_emptied_and_refilled_alike_is_untouched(practice: Practice) -> None:
    practice.execute(*STAMPED)
    table = practice.config("T", chunk_rows=30)
    practice.load(table)
    before = practice.raw_versions(table)
    practice.execute("truncate T", STAMPED[1])
    assert practice.load(table).moved == 0
    assert practice.raw_versions(table) == before
    practice.execute("truncate T")
    assert practice.load(table).deleted == 100
    practice.execute(STAMPED[1])
    assert practice.load(table).undeleted == 100
    assert_equal(practice.source, practice.warehouse, "T")


def test_a_switch_of_the_storage_engine_moves_nothing(practice: Practice) -> None:
    practice.execute(*STAMPED)
    table = practice.config("T", chunk_rows=30)
    practice.load(table)
    for engine in ("InnoDB", "Aria", "MyISAM"):
        practice.execute(f"alter table T engine={engine}")
        assert practice.load(practice.config("T", chunk_rows=30)).moved == 0
    practice.execute("alter table T engine=InnoDB", "update T set Note = 'y' where Id = 3")
    assert practice.load(table).changed == 1
    assert_equal(practice.source, practice.warehouse, "T")


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize(
    "alteration",
    [
        "modify Note varchar(77)",
        "modify Stamp datetime(3)",
        "drop column Note",
        "change Note Remark text",
    ],
)
def test_a_column_that_changes_between_two_pages_fails_the_load_as_a_whole(
    practice: Practice, alteration: str, is_loaded: bool
) -> None:
    practice.execute(*STAMPED)
    table = practice.config("T", chunk_rows=10)
    if is_loaded:
        practice.load(table)
        practice.execute("update T set Note = 'y'")
    known = practice.query("select count(*) from raw.t") if is_loaded else [(0,)]
    with (
        at_moment(5, lambda: practice.execute(f"alter table T {alteration}"), of="before page"),
        pytest.raises(StructureError) as caught,
    ):
        practice.load(table)
    assert "The next refresh follows what has changed" in str(caught.value)
    assert practice.query("select count(*) from raw.t") == known
    assert practice.query("select count(*) from raw.t where note = 'y'") == [(0,)]
    assert practice.query("select state from ops.table_load") == [("failed",)]
    practice.execute("alter table T modify Id bigint")
    with pytest.raises(StructureError):
        practice.load(table)
