"""Rights on the practice database that are missing, or that somebody takes away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from include.catalog.files import read_catalog
from include.endpoints import Endpoint
from include.engine import load_table, verify_table
from include.errors import SourceRefusedError, StructureError
from tests.planning.practice import Practice

ACCOUNT = "narrow@127.0.0.1"
COLUMNS = "(PatNum, Code)"


@pytest.fixture
def owner(source: Endpoint, warehouse: Endpoint, tmp_path: Path) -> Practice:
    """The practice itself, and an account without any right."""
    owner = Practice(source, warehouse, tmp_path)
    owner.execute(
        "create table Visit (VisitNum int, PatNum int, Code varchar(9) not null, Fee int, "
        "primary key (VisitNum), unique key (Code), key (Fee))",
        "create table Recall (RecallNum int primary key, PatNum int)",
        "insert into Visit values (1, 1, 'x', 7)",
        "insert into Recall values (1, 1)",
        "create or replace user narrow@'127.0.0.1' identified by 'n'",
    )
    return owner


@pytest.fixture
def practice(owner: Practice) -> Practice:
    """The practice as the pipeline sees it: its account may select both tables, one by one."""
    grant(owner, "select on Visit", "select on Recall")
    return replace(owner, source=replace(owner.source, user="narrow", password="n"))


def grant(owner: Practice, *rights: str) -> None:
    owner.execute(*(f"grant {right} to narrow@'127.0.0.1'" for right in rights))


def revoke(owner: Practice, *rights: str) -> None:
    owner.execute(*(f"revoke {right} from narrow@'127.0.0.1'" for right in rights))


def narrow(owner: Practice, columns: str) -> None:
    """Leave the account the right on some of the visits' columns only."""
    revoke(owner, "select on Visit")
    grant(owner, f"select {columns} on Visit")


def visits(practice: Practice) -> list[tuple[object, ...]]:
    return practice.ask("select visitnum, patnum, code, fee from raw.visit")


def test_a_hidden_column_is_not_a_dropped_one_and_keeps_its_values(
    owner: Practice, practice: Practice
) -> None:
    practice.discover()
    before = practice.refresh()
    narrow(owner, "(VisitNum, Code)")
    missing = (
        f"the practice database refuses {ACCOUNT} the right SELECT on columns of the table Visit "
        "(PatNum, Fee)"
    )

    # The plan has passed, and the right is lost before the load.
    assert before.run_id is not None
    for of_one_table in (
        lambda: load_table(
            practice.source, practice.warehouse, run_id=before.run_id, table="Visit"
        ),
        lambda: verify_table(
            practice.source,
            practice.warehouse,
            read_catalog(practice.config_directory).tables["Visit"],
        ),
    ):
        with pytest.raises(SourceRefusedError) as refused:
            of_one_table()
        assert missing in str(refused.value)

    plan = practice.refresh()
    assert missing in plan.quarantined["Visit"]
    assert set(plan.tables) == {"Recall"}
    assert not any("gone from the source" in change for change in plan.applied)
    assert missing in practice.discover().refused["Visit"]
    practice.refresh()
    assert visits(practice) == [(1, 1, "x", 7)]
    assert practice.ask(
        "select is_publishable, blocked_reason like '%refuses narrow@127.0.0.1%' "
        "from ops.table_state where table_name = 'visit'"
    ) == [(False, True)]

    grant(owner, "select on Visit")
    owner.execute("update Visit set Fee = 8")
    assert practice.refresh().quarantined == {}
    assert visits(practice) == [(1, 1, "x", 8)]


def test_a_first_discovery_refuses_a_table_of_which_it_sees_only_some_columns(
    owner: Practice, practice: Practice
) -> None:
    narrow(owner, "(VisitNum, PatNum, Code)")
    refused = practice.discover().refused
    assert set(refused) == {"Visit"}
    assert f"refuses {ACCOUNT} the right SELECT on columns of the table Visit" in refused["Visit"]
    assert "overrides.yml" in refused["Visit"]

    # What a person says stays in the practice's database need not be seen.
    overrides = practice.config_directory / "overrides.yml"
    overrides.write_text("tables: {Visit: {columns: {Fee: {excluded: true}}}}")
    assert practice.discover().refused == {}
    assert not practice.discover().is_changed
    assert practice.refresh().quarantined == {}
    assert practice.ask("select visitnum, patnum, code from raw.visit") == [(1, 1, "x")]
    assert verify_table(
        practice.source, practice.warehouse, read_catalog(practice.config_directory).tables["Visit"]
    ).is_equal

    # It does not speak for what is hidden next.
    revoke(owner, "select (PatNum) on Visit")
    assert "(PatNum)" in practice.refresh().quarantined["Visit"]
    assert "(PatNum)" in practice.discover().refused["Visit"]
    assert practice.ask("select patnum from raw.visit") == [(1,)]
    overrides.write_text("{}")
    grant(owner, "select (PatNum) on Visit")
    assert set(practice.discover().refused) == {"Visit"}, "nobody accepts it any more"


@pytest.mark.parametrize("unique", ["unique key (Code)", "key (Code)"])
def test_a_hidden_key_makes_no_table_keyless(
    owner: Practice, practice: Practice, unique: str
) -> None:
    owner.execute(f"alter table Visit drop index Code, add {unique}")
    narrow(owner, COLUMNS)
    overrides = practice.config_directory / "overrides.yml"
    overrides.write_text("tables: {Visit: {columns: {VisitNum: {excluded: true}}}}")
    found = practice.discover()
    if unique.startswith("unique"):
        assert found.catalog.tables["Visit"].key == ("Code",)
    else:
        assert "key" in found.refused["Visit"]


def test_a_column_that_never_leaves_need_not_be_seen(owner: Practice, practice: Practice) -> None:
    owner.execute("alter table Visit add Password varchar(9)")
    practice.discover()
    practice.refresh()
    narrow(owner, "(VisitNum, PatNum, Code, Fee)")
    for _ in range(2):
        assert practice.refresh().quarantined == {}
        assert practice.discover().refused == {}
    assert visits(practice) == [(1, 1, "x", 7)]


def test_a_right_to_write_is_none_to_read(owner: Practice, practice: Practice) -> None:
    practice.discover()
    revoke(owner, "select on Recall")
    grant(owner, "insert on Recall")
    for reason in (practice.refresh().quarantined["Recall"], practice.discover().refused["Recall"]):
        assert "on columns of the table Recall (RecallNum, PatNum). " in reason


def test_rights_on_every_single_column_hide_nothing(owner: Practice, practice: Practice) -> None:
    narrow(owner, "(VisitNum, PatNum, Code, Fee)")
    assert practice.discover().refused == {}
    assert practice.refresh().quarantined == {}
    assert visits(practice) == [(1, 1, "x", 7)]


def test_a_table_whose_right_is_missing_is_not_gone(owner: Practice, practice: Practice) -> None:
    practice.discover()
    before = practice.refresh()
    revoke(owner, "select on Visit")
    missing = f"the practice database refuses {ACCOUNT} the right SELECT on the table Visit"
    assert before.run_id is not None
    with pytest.raises(SourceRefusedError) as refused:
        load_table(practice.source, practice.warehouse, run_id=before.run_id, table="Visit")
    assert missing in str(refused.value)
    assert missing in practice.refresh().quarantined["Visit"]
    for _ in range(2):
        assert missing in practice.discover().lost["Visit"]
    # A right that is of no use to a reader.
    grant(owner, "delete, insert on Visit")
    assert ACCOUNT in practice.discover().refused["Visit"]
    revoke(owner, "delete on Visit", "insert on Visit")
    assert visits(practice) == [(1, 1, "x", 7)]
    assert practice.ask(
        "select is_publishable from ops.table_state where table_name = 'visit'"
    ) == [(False,)]

    grant(owner, f"select on {owner.source.database}.*")
    after = practice.refresh()
    assert after.quarantined == {}
    # To an account that may select the whole database, the server says what is gone.
    owner.execute("drop table Visit")
    assert after.run_id is not None
    with pytest.raises(StructureError, match="the source no longer has this table"):
        load_table(practice.source, practice.warehouse, run_id=after.run_id, table="Visit")
    assert "the source no longer has this table" in practice.refresh().quarantined["Visit"]
    assert practice.discover().refused == {}


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("revoke select on Visit from narrow@'127.0.0.1'", "SELECT on the table Visit"),
        ("drop user narrow@'127.0.0.1'", "refuses the log-in"),
    ],
)
def test_rights_lost_between_two_tables_are_named(
    owner: Practice, practice: Practice, lost: str, said: str
) -> None:
    practice.discover()
    plan = practice.plan()
    owner.execute(lost, "flush privileges")
    assert plan.run_id is not None
    with pytest.raises(SourceRefusedError) as refused:
        load_table(practice.source, practice.warehouse, run_id=plan.run_id, table="Visit")
    assert said in str(refused.value)
    assert "narrow" in str(refused.value)


def test_a_whole_schema_without_rights_names_the_account(
    owner: Practice, practice: Practice
) -> None:
    practice.discover()
    practice.refresh()
    revoke(owner, "select on Visit", "select on Recall")
    grant(owner, "select on mysql.help_topic")
    for act in (practice.discover, practice.plan):
        with pytest.raises(SourceRefusedError, match="grant this account SELECT") as refused:
            act()
        assert f"narrow@127.0.0.1:{owner.source.port}/{owner.source.database}" in str(refused.value)
    assert visits(practice) == [(1, 1, "x", 7)]
