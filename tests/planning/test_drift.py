"""What happens when the practice's software changes its tables between two refreshes."""

from __future__ import annotations

import datetime

import pytest

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
    assert plan.discovery_needed
    assert plan.quarantined == {}
    assert practice.ask("select patnum, nick, gender, lname from raw.patient order by 1") == [
        (1, "n", 1, None),
        (2, "n", 70000, None),
    ]
    assert practice.ask("select gender, seen from staging.patients order by patnum") == [
        (1, datetime.datetime(2024, 1, 1)),  # noqa: DTZ001 - the office's own clock
        (70000, None),
    ]
    # The same drift again moves nothing, and discovery settles it.
    assert practice.plan().config_version == plan.config_version
    assert practice.discover().is_changed
    settled = practice.refresh()
    assert (settled.applied, settled.discovery_needed) == ((), False)
    assert practice.ask("select count(*) from ops.table_load where changed > 0") == [(1,)]
    # The dropped column comes back.
    practice.execute("alter table Patient add LName varchar(50) default 'z'")
    practice.refresh()
    assert practice.ask("select distinct lname from raw.patient") == [("z",)]


def test_a_new_column_of_credentials_does_not_leave_the_source(practice: Practice) -> None:
    practice.execute("alter table Patient add PortalPassword varchar(20) default 'secret'")
    plan = practice.refresh()
    assert plan.applied[-1] == (
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
        ("alter table Visit modify Code int", "Visit.Code was varchar(10) and is int"),
        ("alter table Visit modify Fee decimal(8,1)", "Visit.Fee was decimal(8,2) and is"),
        (
            "alter table Visit drop primary key, add primary key (VisitNum, PatNum)",
            "its key was (VisitNum) and is (VisitNum, PatNum) now",
        ),
        ("alter table Visit drop primary key", "its key was (VisitNum) and is nothing now"),
        ("alter table Visit add xmin int", "Visit.xmin is the name of a system column"),
        (
            "alter table Visit add Area point",
            "no rule maps to a warehouse type: Area (point)",
        ),
        ("drop table Visit", "the source no longer has this table"),
    ],
)
def test_what_cannot_be_followed_is_quarantined_and_the_others_go_on(
    practice: Practice, change: str, reason: str
) -> None:
    practice.refresh()
    practice.execute("update Visit set Code = '7'", change, "insert into Loose values ('two')")
    plan = practice.refresh()
    assert set(plan.quarantined) == {"Visit"}
    assert reason in plan.quarantined["Visit"]
    assert "discover_open_dental" in plan.quarantined["Visit"] or "overrides" in str(plan)
    assert plan.discovery_needed
    assert set(plan.tables) == {"Patient", "Loose"}
    assert practice.ask(GATES) == [("visit", "quarantined", False)]
    assert practice.ask("select count(*), max(code) from raw.visit") == [(500, "x")]
    assert practice.ask("select count(*) from raw.loose") == [(3,)]


def test_discovery_ends_the_quarantine_and_the_next_load_fills_the_table(
    practice: Practice,
) -> None:
    practice.refresh()
    practice.change_warehouse("create view staging.visits as select visitnum, code from raw.visit")
    practice.execute(
        "update Visit set Code = '7'",
        "alter table Visit modify Code int",
        "alter table Patient drop primary key, modify PatNum bigint not null, "
        "add primary key (PatNum, Gender)",
    )
    assert set(practice.refresh().quarantined) == {"Patient", "Visit"}
    assert set(practice.refresh().quarantined) == {"Patient", "Visit"}, "until discovery"
    assert set(practice.discover().released) == {"Patient", "Visit"}
    assert practice.ask("select count(*) from ops.table_state where is_publishable") == [(1,)]
    plan = practice.refresh()
    assert plan.quarantined == {}
    assert {"Patient", "Visit"} <= set(plan.tables)
    live = "select count(*), sum(code) from staging.visits"
    assert practice.ask(live) == [(500, 3500)]
    assert practice.ask("select count(*) from raw.patient where _deleted_at is null") == [(2,)]
    assert practice.ask(GATES) == []


def test_a_quarantined_table_that_fits_again_waits_for_discovery(practice: Practice) -> None:
    practice.refresh()
    practice.execute("rename table Visit to Elsewhere")
    assert set(practice.refresh().quarantined) == {"Visit"}
    practice.execute("rename table Elsewhere to Visit")
    plan = practice.plan()
    assert set(plan.quarantined) == {"Visit"}
    assert plan.discovery_needed
    assert practice.discover().released == ("Visit",)
    assert practice.plan().quarantined == {}


def test_a_table_new_to_the_source_asks_for_discovery(practice: Practice) -> None:
    practice.refresh()
    practice.execute("create table Recall (RecallNum int primary key)")
    plan = practice.plan()
    assert plan.discovery_needed
    assert "Recall" not in plan.tables
    practice.discover()
    assert not practice.plan().discovery_needed


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
    assert "may no longer select PatNum, VisitDate, Fee, Code" in plan.quarantined["Visit"]


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
