"""No setting of the practice's server decides what is read: discovery, loads and verify see all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.engine import EngineConnections, load, verify_table
from include.ops import config_versions
from include.ops.load_results import Attempt
from include.source.session import quote
from include.warehouse.session import connect
from tests.engine.practice import open_practice, writing
from tests.hostile_settings import global_settings, uncommitted
from tests.planning.practice import Practice

_TABLES = (
    "create table Numbered (Id int primary key, V int, W varchar(20)) engine=MyISAM",
    "insert into Numbered select seq, seq, 'x' from seq_1_to_3000",
    "create table Keyless (V int, W varchar(20))",
    "insert into Keyless select seq, 'a' from seq_1_to_3000",
    "create table Worded (K varchar(20) primary key, V int)",
    "insert into Worded select concat('k', seq), seq from seq_1_to_3000",
    "create table Computed (Id int primary key, Q varchar(20) as (concat(Id / 7)) virtual, "
    "W int as (week('2024-12-31')) virtual, D varchar(20) as (dayname('2024-12-31')) virtual, "
    "P int as ('a b' regexp 'a b') virtual)",
    "insert into Computed (Id) values (1), (2)",
    "create table Past (Id int primary key, V int) with system versioning",
    "insert into Past values (1, 10)",
    "create table Wide (Id int primary key, Note longtext)",
    "insert into Wide select seq, repeat('x', 300 * seq) from seq_1_to_100",
)
# Each as a server may have it: in its option file, by SET GLOBAL, or at every log-in.
_VALUES = {
    "sql_select_limit": "1",
    "max_join_size": "10",
    "sql_big_selects": "0",
    "tx_isolation": "'READ-UNCOMMITTED'",
    "completion_type": "'CHAIN'",
    "system_versioning_asof": "'2020-01-01 00:00:00'",
    "sql_mode": "'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'",
    "time_zone": "'+11:00'",
    "div_precision_increment": "0",
    "default_week_format": "3",
    "lc_time_names": "'de_DE'",
    "default_regex_flags": "'EXTENDED'",
    "max_sort_length": "64",
    "max_statement_time": "5",
    "collation_connection": "'utf8mb4_bin'",
    "sql_auto_is_null": "1",
    "sql_buffer_result": "1",
    "autocommit": "0",
}


@pytest.fixture
def reader(source: Endpoint) -> Endpoint:
    """A practice's account: init_connect does not run for an administrator."""
    with writing(source) as cursor:
        for statement in _TABLES:
            cursor.execute(statement)
        cursor.execute("create or replace user plain@'127.0.0.1' identified by 'x'")
        cursor.execute(f"grant select on {source.database}.* to plain@'127.0.0.1'")
    return replace(source, user="plain", password="x")


@contextmanager
def globally(source: Endpoint) -> Iterator[None]:
    """Give the server all of the values, then its own again."""
    values = {name: value for name, value in _VALUES.items() if name != "autocommit"}
    with global_settings(source, values):
        yield


@contextmanager
def at_every_log_in(source: Endpoint) -> Iterator[None]:
    """Let every session begin with all of the values, in a transaction, in another database.

    The two databases' names differ by case only.
    """
    other = quote(source.database.upper())
    statement = "set session " + ", ".join(
        f"{name} = {value}" for name, value in _VALUES.items() if name != "max_statement_time"
    )
    with writing(source) as cursor:
        cursor.execute("set global init_connect = %s", (f"{statement}; use {other}; begin",))
        cursor.execute(f"create database {other}")
        cursor.execute(f"create table {other}.Nothing (Id int)")
        cursor.execute(f"grant select on {other}.* to plain@'127.0.0.1'")
        try:
            yield
        finally:
            cursor.execute("set global init_connect = ''")
            cursor.execute(f"drop database {other}")


@contextmanager
def an_uncommitted_edit(source: Endpoint) -> Iterator[None]:
    """Change, insert and delete rows in a transaction that ends in a rollback."""
    with uncommitted(source) as cursor:
        cursor.execute("update Worded set V = 777 where K = 'k1'")
        cursor.execute("insert into Worded values ('z', 999)")
        cursor.execute("delete from Keyless limit 1")
        yield


@pytest.mark.parametrize("bent", [globally, at_every_log_in])
def test_what_a_server_has_set_decides_nothing(
    source: Endpoint,
    reader: Endpoint,
    warehouse: Endpoint,
    tmp_path: Path,
    bent: Callable[[Endpoint], AbstractContextManager[None]],
) -> None:
    practice = Practice(reader, warehouse, tmp_path)
    with bent(source):
        practice.discover()
        with an_uncommitted_edit(source):
            plan = practice.refresh()
    assert sorted(plan.tables) == ["Computed", "Keyless", "Numbered", "Past", "Wide", "Worded"]
    assert practice.ask("select count(*) from raw.numbered") == [(3000,)]
    assert practice.ask("select count(*) from raw.keyless") == [(3000,)]
    assert practice.ask("select count(*), sum(v) from raw.worded") == [(3000, 3000 * 3001 // 2)]
    assert practice.ask("select v from raw.past") == [(10,)]
    assert practice.ask("select count(*), sum(length(note)) from raw.wide") == [(100, 1515000)]
    assert practice.ask("select q, w, d, p from raw.computed where id = 1") == [
        ("0.1429", 52, "Tuesday", 1)
    ]
    with connect(warehouse) as connection:
        catalog = config_versions.load_catalog(connection, plan.config_version or 0)
    with bent(source):
        compared = [verify_table(reader, warehouse, table) for table in catalog.tables.values()]
    assert [comparison.table for comparison in compared if not comparison.is_equal] == []


def test_a_load_on_the_same_session_sees_what_was_committed_since(
    source: Endpoint, reader: Endpoint, warehouse: Endpoint
) -> None:
    practice = open_practice(source, warehouse)
    table = practice.config("Worded")
    with at_every_log_in(source), EngineConnections(reader, warehouse) as connections:
        load(connections, Attempt(practice.run_id, table))
        practice.execute("update Worded set V = 0 where K = 'k1'")
        assert load(connections, Attempt(practice.run_id, table)).changed == 1
