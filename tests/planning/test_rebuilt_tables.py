"""Tables that the practice's software renames, re-creates or stores otherwise."""

from __future__ import annotations

import traceback

import pytest

from include.errors import WarehouseError
from tests.planning.practice import Practice

LIVING = "select count(*), count(distinct visitnum) from raw.visit where _deleted_at is null"


def test_a_renamed_column_is_a_drop_and_an_add(practice: Practice) -> None:
    practice.refresh()
    practice.execute("alter table Visit change Code Label varchar(10)")
    plan = practice.refresh()
    assert plan.applied == (
        "table Visit: column Label (varchar(10)) was added",
        "table Visit: column Code is gone from the source; it stays, NULL",
    )
    assert practice.ask("select distinct label, code from raw.visit") == [("x", None)]


def test_a_column_that_was_dropped_comes_back_with_another_type(practice: Practice) -> None:
    practice.refresh()
    practice.change_warehouse("create view staging.visits as select code from raw.visit")
    practice.execute("alter table Visit drop column Code")
    practice.refresh()
    practice.execute("alter table Visit add Code int default 7")
    plan = practice.refresh()
    assert plan.quarantined == {}
    assert plan.applied == ("table Visit: column Code (int(11)) was added",)
    assert practice.ask("select sum(code) from staging.visits") == [(3500,)]


def test_another_storage_engine_is_no_drift(practice: Practice) -> None:
    practice.refresh()
    before = practice.ask("select max(_batch_id) from raw.visit")
    practice.execute("alter table Visit engine = MyISAM")
    plan = practice.refresh()
    assert (plan.applied, plan.quarantined) == ((), {})
    assert practice.ask("select max(_batch_id) from raw.visit") == before
    practice.execute("delete from Visit where VisitNum > 400", "alter table Visit engine = InnoDB")
    practice.refresh()
    assert practice.ask(LIVING) == [(400, 400)]


def test_a_wider_key_is_followed_and_finds_its_rows_again(practice: Practice) -> None:
    practice.refresh()
    practice.change_warehouse("create view staging.visits as select visitnum from raw.visit")
    practice.execute(
        "alter table Visit modify VisitNum bigint",
        "insert into Visit (VisitNum) values (5000000000)",
        "delete from Visit where VisitNum = 1",
    )
    plan = practice.refresh()
    assert plan.applied == ("table Visit: column VisitNum was widened from integer to bigint",)
    assert practice.ask("select count(*), max(visitnum) from staging.visits") == [
        (501, 5_000_000_000)
    ]
    assert practice.ask(LIVING) == [(500, 500)]


def test_columns_in_another_order_are_the_same_columns(practice: Practice) -> None:
    practice.refresh()
    practice.execute(
        "alter table Visit modify Code varchar(10) first, modify Fee decimal(8,2) first"
    )
    assert practice.refresh().quarantined == {}
    assert practice.ask(
        "select distinct patnum, fee, code from raw.visit where _deleted_at is null"
    ) == [(1, 10.5, "x")]


def test_a_renamed_key_is_followed_by_the_refresh_that_sees_it(practice: Practice) -> None:
    practice.refresh()
    practice.execute("alter table Visit change VisitNum VisitId int")
    plan = practice.refresh()
    assert plan.quarantined == {}
    assert practice.ask(
        "select count(*), count(distinct visitid), count(visitnum) from raw.visit "
        "where _deleted_at is null"
    ) == [(500, 500, 0)]
    practice.execute("delete from Visit where VisitId = 7", "update Visit set Fee = 1")
    practice.refresh()
    assert practice.ask("select count(*), sum(fee) from raw.visit where _deleted_at is null") == [
        (499, 499)
    ]


def test_a_table_that_comes_back_with_a_key_of_text_starts_over(practice: Practice) -> None:
    practice.refresh()
    practice.change_warehouse("create view staging.visits as select code, fee from raw.visit")
    practice.change_warehouse("create role analyst")
    practice.change_warehouse("grant select on staging.visits to analyst")
    practice.execute(
        "drop table Visit",
        "create table Visit (Code varchar(20) character set utf8mb4 collate utf8mb4_bin "
        "primary key, Fee decimal(8,2), VisitDate datetime)",
        "insert into Visit values ('a', 1, null), ('B', 2, null), ('_', 3, null), ('é', 4, null)",
    )
    assert practice.refresh().quarantined == {}
    living = "select code, fee from raw.visit where _deleted_at is null order by fee"
    assert practice.ask(living) == [("a", 1), ("B", 2), ("_", 3), ("é", 4)]
    assert practice.ask("select has_table_privilege('analyst', 'staging.visits', 'select')") == [
        (True,)
    ]
    practice.execute(
        "delete from Visit where Code = 'B'", "insert into Visit values ('A', 9, null)"
    )
    practice.refresh()
    assert practice.ask(living) == [("a", 1), ("_", 3), ("é", 4), ("A", 9)]
    practice.change_warehouse("revoke all on staging.visits from analyst")
    practice.change_warehouse("drop role analyst")


def test_a_key_that_goes_and_comes_again_leaves_the_same_rows(practice: Practice) -> None:
    practice.refresh()
    for change in ("drop primary key", "add primary key (VisitNum)"):
        practice.execute(f"alter table Visit {change}", "update Visit set Fee = Fee + 1")
        assert practice.refresh().quarantined == {}
        assert practice.ask(LIVING) == [(500, 500)]
    assert practice.ask("select distinct fee from raw.visit where _deleted_at is null") == [(12.5,)]


def test_a_table_that_was_loaded_and_is_gone_is_missed_until_a_person_takes_it_out(
    practice: Practice,
) -> None:
    practice.refresh()
    practice.execute("drop table Visit", "drop table Empty")
    for _ in range(2):
        plan = practice.refresh()
        assert sorted(name for names in plan.lost.values() for name in names) == ["Empty", "Visit"]
        assert plan.quarantined["Visit"].startswith("the source no longer has this table")
        assert "exclude it in overrides.yml" in plan.quarantined["Visit"]
        # Discovery sees it as well, and gives nothing away.
        assert sorted(practice.discover().lost) == ["Empty", "Visit"]
    assert practice.plan(tables=("Patient",)).lost == {}, "nobody asked for it"
    (practice.config_directory / "overrides.yml").write_text(
        "exclude_tables: {Visit: gone with the new version, Empty: gone as well}"
    )
    plan = practice.refresh()
    assert (plan.lost, plan.quarantined) == ({}, {})
    assert practice.discover().lost == {}
    assert practice.ask("select count(*) from ops.quarantine") == [(0,)]
    assert practice.ask(
        "select state, blocked_code, row_count from ops.table_state where table_name = 'visit'"
    ) == [("loaded", "left_out", 500)]
    # It may come back, as another table.
    (practice.config_directory / "overrides.yml").unlink()
    practice.execute(
        "create table Visit (VisitNum int primary key, Fee int)", "insert into Visit values (1, 2)"
    )
    assert set(practice.refresh().quarantined) == {"Empty"}
    living = "select visitnum, fee, code from raw.visit where _deleted_at is null"
    assert practice.ask(living) == [(1, 2, None)]


def test_a_table_that_never_held_a_load_may_go_unnoticed(practice: Practice) -> None:
    practice.plan()
    practice.execute("drop table Visit")
    plan = practice.refresh()
    assert (plan.lost, plan.quarantined) == ({}, {})


def test_what_the_warehouse_says_of_a_row_does_not_leave_the_plan(practice: Practice) -> None:
    practice.refresh()
    practice.change_warehouse(
        "alter table raw.patient add constraint hidden check (lname is not null)"
    )
    practice.execute("alter table Patient drop column LName")
    with pytest.raises(WarehouseError, match=r"refused a statement \(SQLSTATE 23514") as error:
        practice.plan()
    assert "Failing row" not in "".join(traceback.format_exception(error.value))
