"""Servers that practices run, each from discovery to `verify`, with what their data can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from include.catalog.model import Catalog
from include.endpoints import Endpoint
from include.engine import verify_table
from include.ops import config_versions
from include.source.session import quote
from include.warehouse.session import connect
from simulator import PracticePlan, advance, build
from tests.engine.equality import assert_all_equal, refresh
from tests.engine.oracle import Excluded, assert_equal
from tests.engine.practice import writing
from tests.hostile_settings import global_settings, uncommitted
from tests.other_servers import INSTALLED, OtherServer
from tests.planning.practice import Practice
from tests.soak import hostile_practice

pytestmark = pytest.mark.soak

# Each as a server may have it; those that it does not know are left out.
HOSTILE_SETTINGS = {
    "sql_select_limit": "1",
    "max_join_size": "10",
    "sql_big_selects": "0",
    "tx_isolation": "'READ-UNCOMMITTED'",
    "transaction_isolation": "'READ-UNCOMMITTED'",
    "completion_type": "'CHAIN'",
    "autocommit": "0",
    "sql_mode": "'ANSI,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'",
    "time_zone": "'+11:00'",
    "div_precision_increment": "0",
    "default_week_format": "3",
    "lc_time_names": "'de_DE'",
    "max_sort_length": "64",
    "group_concat_max_len": "4",
    "sql_auto_is_null": "1",
    "collation_connection": "'utf8mb4_bin'",
    "max_statement_time": "5",
    "max_execution_time": "5000",
    "show_gipk_in_create_table_and_information_schema": "0",
    "information_schema_stats_expiry": "86400",
    "system_versioning_asof": "'2020-01-01 00:00:00'",
    "default_regex_flags": "'EXTENDED'",
    "optimizer_switch": "'derived_merge=off'",
    "explicit_defaults_for_timestamp": "0",
    "innodb_lock_wait_timeout": "1",
    "net_write_timeout": "1",
    "wait_timeout": "1",
}


@contextmanager
def hostile_settings(owner: Endpoint) -> Iterator[None]:
    """Give every new session on the server all of the values, then its own again."""
    with writing(owner) as cursor:
        cursor.execute("show global variables")
        known = {str(name) for name, _ in cursor.fetchall()}
    values = {name: value for name, value in HOSTILE_SETTINGS.items() if name in known}
    with global_settings(owner, values):
        yield


@contextmanager
def an_uncommitted_edit(owner: Endpoint) -> Iterator[None]:
    """Change, insert and delete rows in a transaction that ends in a rollback."""
    patience = "set session wait_timeout = 600, sql_select_limit = default"
    with uncommitted(owner, init_command=patience) as cursor:
        cursor.execute("update TextKey set V = 777")
        cursor.execute("insert into UnsignedKey values (123, 'no')")
        cursor.execute("delete from Keyless limit 1")
        yield


@dataclass(frozen=True)
class Followed:
    """A practice that its owner writes in, and the pipeline that may only read it."""

    owner: Endpoint
    pipeline: Practice

    def execute(self, *statements: str) -> None:
        """Change the practice's database, in one session."""
        with writing(self.owner) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def catalog(self) -> Catalog:
        """Return the newest config."""
        with connect(self.pipeline.warehouse) as connection:
            row = connection.execute("select max(config_version) from ops.config").fetchone()
            return config_versions.load_catalog(connection, row[0] if row else 0)

    def follow(self) -> None:
        """Refresh, and let both `verify` and a second reader compare every table."""
        warehouse = self.pipeline.warehouse
        with hostile_settings(self.owner):
            with an_uncommitted_edit(self.owner):
                plan = self.pipeline.refresh()
            assert plan.quarantined == {}
            tables = self.catalog().tables
            assert sorted(plan.tables) == sorted(tables)
            compared = [
                verify_table(self.pipeline.source, warehouse, table) for table in tables.values()
            ]
        assert [each.table for each in compared if not each.is_equal] == []
        for name, table in tables.items():
            left_out = Excluded([column.name for column in table.columns if column.is_excluded])
            assert_equal(self.owner, warehouse, name, excluded=left_out)


@pytest.fixture
def followed(owner: Endpoint, reader: Endpoint, warehouse: Endpoint, tmp_path: Path) -> Followed:
    return Followed(owner, Practice(reader, warehouse, tmp_path))


def made_for(server: OtherServer) -> Sequence[str]:
    """Return the statements that make what this server can hold."""
    if server.is_mysql:
        own: tuple[str, ...] = hostile_practice.FOR_MYSQL
    elif server.name == "MariaDB 10.5":
        own = hostile_practice.FOR_MARIADB
    else:
        own = hostile_practice.FOR_MARIADB + hostile_practice.FOR_NEWER_MARIADB
    return hostile_practice.TABLES + own


def test_every_type_stays_equal_through_three_rounds_of_edits(
    other_server: OtherServer, followed: Followed
) -> None:
    followed.execute(*made_for(other_server))
    with hostile_settings(followed.owner):
        refused = followed.pipeline.discover().refused
        assert set(refused) == {"Shapes"}
        assert "G (geometry), P (point)" in refused["Shapes"]
        (followed.pipeline.config_directory / "overrides.yml").write_text(
            hostile_practice.OVERRIDES
        )
        assert followed.pipeline.discover().refused == {}
    followed.follow()
    for edits in hostile_practice.ROUNDS:
        followed.execute(*edits)
        followed.follow()


def test_what_grants_hide_is_named_and_kept(followed: Followed, reader: Endpoint) -> None:
    followed.execute(
        "create table Visit (VisitNum int primary key, Code varchar(9) not null, Fee int, "
        "unique key (Code), key both_of (Fee, Code))",
        "create table Other (Id int primary key)",
        "insert into Visit values (1, 'x', 7)",
    )
    practice = followed.pipeline
    practice.discover()
    assert practice.refresh().quarantined == {}
    account = "reader@'127.0.0.1'"
    followed.execute(
        f"revoke select, show view on {quote(reader.database)}.* from {account}",
        f"grant select on Other to {account}",
        f"grant select (VisitNum, Code) on Visit to {account}",
    )
    missing = "refuses reader@127.0.0.1 the right SELECT on columns of the table Visit (Fee)"
    assert missing in practice.refresh().quarantined["Visit"]
    assert missing in practice.discover().refused["Visit"]
    assert practice.ask("select visitnum, code, fee from raw.visit") == [(1, "x", 7)]
    (practice.config_directory / "overrides.yml").write_text(
        "tables: {Visit: {columns: {Fee: {excluded: true}}}}"
    )
    assert practice.discover().refused == {}
    followed.execute("insert into Visit values (2, 'y', 8)")
    assert practice.refresh().quarantined == {}
    assert practice.ask("select visitnum, code from raw.visit order by 1") == [(1, "x"), (2, "y")]


def test_an_index_that_the_server_does_not_use_is_no_key(
    other_server: OtherServer, followed: Followed
) -> None:
    if other_server.name == "MariaDB 10.5":
        pytest.skip("MariaDB 10.5 uses every index")
    unused = "invisible" if other_server.is_mysql else "ignored"
    followed.execute(
        *hostile_practice.TABLES[:2],
        "create table Wide (A int not null, B int not null, C int not null, V varchar(20), "
        "unique key k_ab (A, B), unique key k_c (C))",
        "insert into Wide select N, N * 2, N * 3, 'v' from Numbers",
    )
    followed.pipeline.discover()
    assert followed.catalog().tables["Wide"].key == ("C",)
    assert followed.pipeline.refresh().quarantined == {}
    followed.execute(
        f"alter table Wide alter index k_c {unused}",
        "update Wide set V = 'w' where A = 7",
        "delete from Wide where C = 3",
    )
    assert followed.pipeline.refresh().quarantined == {}
    assert followed.catalog().tables["Wide"].key == ("A", "B")
    assert_equal(followed.owner, followed.pipeline.warehouse, "Wide")


def test_sizes_are_those_of_this_moment(followed: Followed) -> None:
    followed.execute(
        *hostile_practice.TABLES[:1],
        "insert into Numbers values (0)",
        # MySQL remembers this answer for a day.
        "select data_length from information_schema.tables where table_name = 'Numbers'",
        *hostile_practice.TABLES[1:2],
    )
    followed.pipeline.discover()
    (size,) = followed.pipeline.ask(
        "select row_count, byte_count > 10000 from ops.table_profile where table_name = 'numbers'"
    )
    assert size == (2001, True)


def test_a_simulated_practice_of_all_tables_stays_equal_while_it_lives(
    other_server: OtherServer, followed: Followed
) -> None:
    if other_server.name == INSTALLED:
        pytest.skip("the part demo_size does it at full size")
    practice = followed.pipeline
    truth = practice.config_directory / "truth.json"
    plan = PracticePlan(patients=150, years=1, seed=7, until=date(2026, 11, 13))
    build(followed.owner, plan, truth=truth)
    practice.discover()
    for _ in range(2):
        run_id, moved = refresh(practice.source, practice.warehouse, practice.config_directory)
        assert moved > 1_000
        assert_all_equal(followed.owner, practice.warehouse, run_id)
        compared = [
            verify_table(practice.source, practice.warehouse, table)
            for table in followed.catalog().tables.values()
        ]
        assert len(compared) > 400
        assert [each.table for each in compared if not each.is_equal] == []
        advance(followed.owner, truth=truth, days=30)
