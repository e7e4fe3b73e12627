"""Credentials stay in the practice's database, whatever the schema calls them."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.catalog.files import read_catalog
from include.endpoints import Endpoint
from include.engine import verify_table
from tests.planning.practice import Practice

RAW = (
    "select column_name from information_schema.columns where table_schema = 'raw' "
    "and table_name = 'users' order by ordinal_position"
)


@pytest.fixture
def practice(source: Endpoint, warehouse: Endpoint, tmp_path: Path) -> Practice:
    practice = Practice(source, warehouse, tmp_path)
    practice.execute(
        "create table users (Id int primary key, Login varchar(9), user_pass varchar(99), "
        "token varchar(9), pin int, signature varchar(9))",
        "create table sessions (Token varchar(40) primary key, UserId int)",
        "create table template (Id int primary key)",
        "create table tmp_x (Id int primary key)",
        "insert into users values (1, 'ann', 'hash', 't0k', 1234, 'sig')",
        "insert into sessions values ('t0k', 1)",
    )
    return practice


def test_credentials_stay_and_what_stays_is_named(
    practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        found = practice.discover()
    assert set(found.catalog.tables) == {"users", "template"}
    assert "scratch table" in found.catalog.excluded_tables["tmp_x"]
    assert "its key holds a credential (Token)" in found.catalog.excluded_tables["sessions"]
    for named in (
        "table tmp_x is left out: scratch table",
        "table sessions is left out: its key holds a credential",
        "table users: these columns stay in the source: user_pass, token, pin",
    ):
        assert named in caplog.text
    practice.refresh()
    bookkeeping = [("_loaded_at",), ("_batch_id",), ("_deleted_at",)]
    assert practice.ask(RAW) == [("id",), ("login",), ("signature",), *bookkeeping]


def test_a_person_can_say_that_a_name_misleads(practice: Practice) -> None:
    (practice.config_directory / "overrides.yml").write_text(
        "tables:\n"
        "  users: {columns: {token: {excluded: false}}}\n"
        "  sessions: {columns: {Token: {excluded: false}}}\n"
    )
    practice.discover()
    practice.refresh()
    assert practice.ask("select token from raw.users") == [("t0k",)]
    assert practice.ask("select token from raw.sessions") == [("t0k",)]
    # Also in a config that a refresh has adapted to the source.
    practice.execute("alter table users add Age int default 7", "update users set token = 'new'")
    assert practice.refresh().applied == ("table users: column Age (int(11)) was added",)
    assert practice.ask("select token, age from raw.users") == [("new", 7)]


def test_the_config_of_an_earlier_release_lets_no_credential_out(practice: Practice) -> None:
    overrides = practice.config_directory / "overrides.yml"
    overrides.write_text("tables: {users: {columns: {token: {excluded: false}}}}")
    practice.discover()
    practice.refresh()
    assert practice.ask("select token from raw.users") == [("t0k",)]
    # An earlier release did not know the name, and said nothing of the column.
    overrides.unlink()
    tables = practice.config_directory / "tables.yml"
    known = "token: {type: varchar(9), phi: credential, excluded: true}"
    assert known in tables.read_text()
    tables.write_text(tables.read_text().replace(known, "token: varchar(9)"))
    practice.execute("update users set Login = 'bea'")
    plan = practice.refresh()
    assert plan.applied == (
        "table users: column token stays in the source from now on; raw keeps NULL",
    )
    assert practice.ask("select login, token from raw.users") == [("bea", None)]
    table = read_catalog(practice.config_directory).tables["users"]
    assert verify_table(practice.source, practice.warehouse, table).is_equal
    assert practice.refresh().applied == ()
