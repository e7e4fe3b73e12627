"""What happens when the practice's software changes its tables between two refreshes."""

from __future__ import annotations

import datetime

import pytest

from include.engine.verify import verify_table
from include.errors import StructureError
from include.planning.drift import is_wider
from tests.planning.practice import Practice

GATES = (
    "select table_name, state, is_publishable from ops.table_state where state <> 'loaded' "
    "order by 1"
)


def test_new_wider_and_dropped_columns_are_followed_under_a_view(practice: Practice) -> None:
    practice.refresh()
    practice.change_warehouse(
        "create view staging.patients as select patnum, gender, seen, lname from raw.patient"
    )
    practice.execute(
        "alter table Patient add Nick varchar(20) default 'n' after PatNum, modify Gender int, "
        "modify Seen datetime, drop column LName",
        "update Patient set Gender = 70000 where PatNum = 2",
    )
    plan = practice.refresh()
    assert plan.applied == (
        "table Patient: column Nick (varchar(20)) was added",
        "table Patient: column Gender was widened from smallint to integer",
        "table Patient: column Seen was widened from date to timestamp",
        "table Patient: column LName is gone from the source; it stays, NULL",
    )
    assert plan.quarantined == {}
    assert practice.ask("select patnum, nick, gender, lname from raw.patient order by 1") == [
        (1, "n", 1, None),
        (2, "n", 70000, None),
    ]
    assert practice.ask("select gender, seen from staging.patients order by patnum") == [
        (1, datetime.datetime(2024, 1, 1)),  # noqa: DTZ001 - the office's own clock
        (70000, None),
    ]
    # The refresh has settled it: neither the next one nor discovery finds anything to do.
    settled = practice.refresh()
    assert (settled.config_version, settled.applied) == (plan.config_version, ())
    assert not practice.discover().is_changed
    assert practice.ask("select count(*) from ops.table_load where changed > 0") == [(1,)]
    # The dropped column comes back.
    practice.execute("alter table Patient add LName varchar(50) default 'z'")
    practice.refresh()
    assert practice.ask("select distinct lname from raw.patient") == [("z",)]


def test_rows_that_an_alteration_has_changed_have_moved_for_who_reads_them(
    practice: Practice,
) -> None:
    practice.refresh()
    batches = "select table_name, batch_id from ops.table_state order by 1"
    before = dict(practice.ask(batches))
    # Emptied first, so that the loads find nothing to change behind the alterations.
    practice.execute(
        "update Visit set Code = null",
        "alter table Visit modify Code int",
        "alter table Patient drop column LName",
    )
    practice.refresh()
    after = dict(practice.ask(batches))
    assert practice.ask("select sum(changed) from ops.table_load") == [(0,)]
    assert {name for name in after if after[name] != before[name]} == {"patient", "visit"}
    practice.refresh()
    assert dict(practice.ask(batches)) == after


def test_a_new_column_of_credentials_does_not_leave_the_source(practice: Practice) -> None:
    practice.execute("alter table Patient add PortalPassword varchar(20) default 'secret'")
    plan = practice.refresh()
    assert plan.applied[0] == (
        "table Patient: column PortalPassword (varchar(20)) was left out: it holds credentials"
    )
    columns = practice.ask(
        "select count(*) from information_schema.columns where table_schema = 'raw' "
        "and column_name = 'portalpassword'"
    )
    assert columns == [(0,)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("alter table Visit add xmin int", "Visit.xmin: is the name of a system column"),
        ("alter table Visit add Area point", "no rule maps to a warehouse type: Area (point)"),
        ("drop table Visit", "the source no longer has this table"),
        ("rename table Visit to Elsewhere", "the source no longer has this table"),
    ],
)
def test_what_cannot_be_loaded_is_quarantined_and_the_others_go_on(
    practice: Practice, change: str, reason: str
) -> None:
    practice.refresh()
    config = practice.config("Visit")
    practice.execute("update Visit set Code = '7'", change, "insert into Loose values ('two')")
    for _ in range(2):
        plan = practice.refresh()
        assert set(plan.quarantined) == {"Visit"}
        assert reason in plan.quarantined["Visit"]
        assert set(plan.tables) - {"Elsewhere"} == {"Patient", "Loose"}
        assert plan.lost == {config.tier: ("Visit",)}
    assert practice.config("Visit") == config, "what is known of it stays"
    assert practice.ask(GATES) == [("visit", "quarantined", False)]
    assert practice.ask("select count(*), max(code) from raw.visit") == [(500, "x")]
    assert practice.ask("select count(*) from raw.loose") == [(3,)]


def test_other_types_and_keys_are_followed_and_filled_by_the_refresh_that_sees_them(
    practice: Practice,
) -> None:
    practice.refresh()
    practice.change_warehouse("create view staging.visits as select visitnum, code from raw.visit")
    practice.execute(
        "update Visit set Code = '7'",
        "alter table Visit modify Code int, modify Fee decimal(8,1)",
        "alter table Patient drop primary key, modify PatNum bigint not null, "
        "add primary key (PatNum, Gender)",
    )
    plan = practice.refresh()
    assert plan.quarantined == {}
    assert set(plan.applied) == {
        "table Patient: the config follows its new structure",
        "table Visit: column Code was varchar(10) and is int(11) now",
        "table Visit: column Fee was decimal(8,2) and is decimal(8,1) now",
    }
    assert practice.ask("select count(*), sum(code) from staging.visits") == [(500, 3500)]
    assert practice.ask("select count(*) from raw.patient where _deleted_at is null") == [(2,)]
    assert practice.ask(GATES) == []
    assert practice.refresh().applied == ()


def test_a_table_that_comes_back_is_loaded_by_the_refresh_that_sees_it(practice: Practice) -> None:
    practice.refresh()
    config = practice.config("Visit")
    practice.execute("rename table Visit to Elsewhere")
    gone = practice.refresh()
    assert set(gone.quarantined) == {"Visit"}
    assert "Elsewhere" in gone.tables, "what is new is taken in and loaded at once"
    practice.execute("rename table Elsewhere to Visit", "delete from Visit where VisitNum = 7")
    back = practice.refresh(tables=("Visit",))
    assert back.quarantined.keys() == {"Elsewhere"}
    assert "table Visit: came out of quarantine" in back.applied
    assert back.tables == ("Visit",)
    assert practice.config("Visit") == config
    assert practice.ask("select count(*) from raw.visit where _deleted_at is null") == [(499,)]
    assert practice.ask(
        "select state, blocked_code from ops.table_state where table_name = 'visit'"
    ) == [("loaded", "released")]


def test_a_view_in_the_place_of_a_table_is_no_table(practice: Practice) -> None:
    practice.refresh()
    practice.execute("rename table Visit to Elsewhere", "create view Visit as select 1 as VisitNum")
    assert "no longer has this table" in practice.refresh().quarantined["Visit"]
    with pytest.raises(StructureError, match="the source no longer has this table"):
        verify_table(practice.source, practice.warehouse, practice.config("Visit"))


def test_a_new_table_is_decided_and_loaded_by_the_refresh_that_sees_it(practice: Practice) -> None:
    practice.refresh()
    file = practice.config_directory / "tables.yml"
    before = file.read_bytes()
    practice.execute(
        "create table Recall (RecallNum int primary key, PatNum bigint, PortalPassword text)",
        "insert into Recall values (1, 1, 'secret')",
        "create table tmpwork (a int)",
    )
    dry = practice.plan(dry_run=True)
    assert "Recall" in dry.tables
    assert file.read_bytes() == before
    plan = practice.refresh(tables=("recall",))
    assert plan.tables == ("Recall",)
    assert plan.applied[0] == "table Recall: taken in, tier reference"
    recall = practice.config("Recall")
    assert recall.column("PatNum").references == "Patient"
    assert recall.column("PortalPassword").is_excluded
    assert practice.ask("select recallnum, patnum from raw.recall") == [(1, 1)]
    # What refreshes follow is what people read; no other table has moved.
    recorded = practice.ask(
        "select tables_yml from ops.config where derived_from is null "
        "order by config_version desc limit 1"
    )
    assert recorded == [(file.read_bytes(),)]
    assert practice.ask("select count(*) from ops.table_profile where table_name = 'recall'") == [
        (1,)
    ]
    assert practice.plan().config_version == plan.config_version
    practice.discover()
    assert practice.config("Recall") == recall


def test_a_file_that_holds_something_else_is_left_alone_with_a_warning(
    practice: Practice, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = {"config_directory": None, "overrides_directory": practice.config_directory}
    file = practice.config_directory / "tables.yml"
    practice.execute("create table Recall (RecallNum int primary key)")
    practice.plan(**elsewhere)
    assert b"Recall" in file.read_bytes(), "it was what ops.config held"
    assert "is not the newest config" not in caplog.text
    mine = file.read_bytes().replace(b"chunk_rows: 20000", b"chunk_rows: 10000")
    file.write_bytes(mine)
    practice.execute("create table Referral (ReferralNum int primary key)")
    practice.plan(**elsewhere)
    assert file.read_bytes() == mine
    assert f"{file} is not the newest config" in caplog.text
    bare = tmp_path_factory.mktemp("bare")
    practice.execute("drop table Recall")
    practice.plan(config_directory=None, overrides_directory=bare)
    assert list(bare.iterdir()) == []
    practice.discover()
    assert b"Referral" in file.read_bytes()


def test_overrides_may_name_what_the_source_has_dropped(practice: Practice) -> None:
    (practice.config_directory / "overrides.yml").write_text(
        "tables: {Visit: {restate_by: [PatNum, VisitDate], columns: {Fee: {excluded: true}}, "
        "excluded_cells: [{column: Code, when_column: PatNum, pattern: '1'}]}}"
    )
    practice.discover()
    practice.refresh()
    practice.execute(
        "alter table Visit drop column VisitDate, drop column Fee, drop column Code, "
        "add Nick int default 3",
        "insert into Visit (VisitNum, PatNum) values (501, 2)",
    )
    assert practice.refresh().quarantined == {}
    assert practice.ask("select distinct nick from raw.visit") == [(3,)]
    assert practice.ask("select column_name, value from ops.affected where value = '2'") == [
        ("patnum", "2")
    ]


@pytest.mark.parametrize(
    ("override", "statement", "reason"),
    [
        (
            "excluded_cells: [{column: Code, when_column: PatNum, pattern: '1'}]",
            "alter table Visit drop column PatNum",
            "excluded_cells.PatNum: the source no longer has this column, and only it told which "
            "cells of Code to leave out",
        ),
        (
            "columns: {Code: {excluded: true}}",
            "alter table Visit drop primary key, modify Code varchar(10) not null, "
            "add primary key (VisitNum, Code)",
            "Code: is part of the key and cannot be excluded",
        ),
    ],
)
def test_a_table_that_overrides_no_longer_fit_waits_for_a_person(
    practice: Practice, override: str, statement: str, reason: str
) -> None:
    overrides = practice.config_directory / "overrides.yml"
    overrides.write_text(f"tables: {{Visit: {{{override}}}}}")
    practice.discover()
    practice.refresh()
    practice.execute(
        statement,
        "create table Recall (RecallNum int primary key)",
        "insert into Recall values (1)",
    )
    for _ in range(2):
        plan = practice.refresh()
        assert plan.quarantined.keys() == {"Visit"}
        assert f"overrides.yml: tables.Visit.{reason}" in plan.quarantined["Visit"]
        assert "the others go on. Correct the file." in plan.quarantined["Visit"]
        assert "Nothing was loaded" not in plan.quarantined["Visit"]
        assert "Recall" in plan.tables
        assert practice.ask("select count(*) from raw.visit") == [(500,)]
    overrides.write_text("tables: {}")
    plan = practice.refresh()
    assert plan.quarantined == {}
    assert "table Visit: came out of quarantine" in plan.applied
    assert practice.ask("select count(*), max(code) from raw.visit where _deleted_at is null") == [
        (500, "x")
    ]


def test_names_that_only_changed_their_case_are_the_same_table(practice: Practice) -> None:
    practice.refresh()
    practice.execute(
        "rename table Visit to tmp_x, tmp_x to visit",
        "alter table visit change VisitNum visitnum int, change Code CODE varchar(10)",
    )
    plan = practice.refresh()
    assert "visit" in plan.tables
    assert plan.quarantined == {}
    assert practice.ask("select count(*) from raw.visit where _deleted_at is null") == [(500,)]


def test_a_lost_privilege_quarantines_the_table_it_concerns(practice: Practice) -> None:
    practice.refresh()
    database = practice.source.database
    practice.execute(
        "create or replace user reader@'127.0.0.1' identified by 'x'",
        *(
            f"grant select on {database}.{table} to reader@'127.0.0.1'"
            for table in ("Patient", "Empty", "Loose")
        ),
        f"grant select (VisitNum) on {database}.Visit to reader@'127.0.0.1'",
        f"grant insert on {database}.Visit to reader@'127.0.0.1'",
    )
    administrator = practice.source
    reader = type(administrator)(
        "mysql", administrator.host, administrator.port, "reader", "x", database
    )
    plan = Practice(reader, practice.warehouse, practice.config_directory).plan()
    assert set(plan.tables) == {"Patient", "Loose"}
    assert "(PatNum, VisitDate, Fee, Code)" in plan.quarantined["Visit"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("smallint", "integer", True),
        ("integer", "smallint", False),
        ("integer", "double precision", True),
        ("bigint", "double precision", False),
        ("bigint", "numeric(20,0)", True),
        ("bigint", "numeric(18,0)", False),
        ("numeric(8,2)", "numeric(10,2)", True),
        ("numeric(8,2)", "numeric(10,4)", True),
        ("numeric(8,2)", "numeric(9,4)", False),
        ("numeric(8,2)", "numeric(8,2)", False),
        ("real", "double precision", True),
        ("date", "timestamp", True),
        ("timestamp", "timestamptz", False),
        ("timestamp", "date", False),
        ("text", "bytea", False),
        ("bit(3)", "bit(4)", False),
    ],
)
def test_a_type_is_wider_only_if_it_holds_every_old_value_unchanged(
    old: str, new: str, expected: bool
) -> None:
    assert is_wider(old, new) is expected
