"""What a session on the practice database promises, and what its failures say."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest

from include.endpoints import Endpoint
from include.errors import ConfigError, SourceError, SourceRefusedError, TerminalError
from include.source import session
from include.source.session import SourceConnection, connect, source_error
from include.source.session_settings import Form, Limits, Setting, source_settings

MARK = "Wilhelmina-Marked"


@pytest.fixture
def reader(source: Endpoint, administrator: SourceConnection) -> Endpoint:
    """A read-only account, as a practice would grant it."""
    with administrator.cursor() as cursor:
        cursor.execute("create or replace user reader@'127.0.0.1' identified by 'x'")
        cursor.execute(f"grant select on {source.database}.* to reader@'127.0.0.1'")
    return replace(source, user="reader", password="x")


@pytest.fixture
def administrator(source: Endpoint) -> Iterator[SourceConnection]:
    with pymysql.connect(
        host=source.host,
        port=source.port,
        user=source.user,
        password=source.password,
        database=source.database,
        autocommit=True,
    ) as connection:
        yield connection


def failure(connection: SourceConnection, endpoint: Endpoint, statement: str) -> Exception:
    """Return what the statement's failure means; no value may show."""
    with connection.cursor() as cursor, pytest.raises(pymysql.MySQLError) as caught:
        cursor.execute(statement)
    meant = source_error(caught.value, endpoint)
    assert MARK not in str(meant)
    assert "What was loaded before is intact." in str(meant)
    return meant


def test_a_read_only_account_gets_every_limit_and_may_not_write(reader: Endpoint) -> None:
    with connect(reader) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select @@max_statement_time, @@lock_wait_timeout, @@net_write_timeout, "
            "@@wait_timeout, @@tx_read_only, @@time_zone, @@sql_mode, @@character_set_results"
        )
        assert cursor.fetchone() == (240, 60, 30, 7200, 1, "+00:00", "", "utf8mb4")
        with pytest.raises(pymysql.MySQLError):
            cursor.execute("create table Written (Id int)")


def test_a_statement_that_takes_too_long_is_stopped_by_the_server(
    reader: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "STATEMENT_LIMIT_SECONDS", 1)
    with connect(reader) as connection:
        meant = failure(connection, reader, f"select '{MARK}', sleep(30)")
    assert type(meant) is SourceError
    assert "session's time limit (error 1969)" in str(meant)


def test_a_table_that_somebody_keeps_locked_is_waited_for_only_so_long(
    reader: Endpoint, administrator: SourceConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LOCK_LIMIT_SECONDS", 1)
    with administrator.cursor() as cursor:
        cursor.execute("create table Locked (Id int)")
        cursor.execute("lock tables Locked write")
    with connect(reader) as connection:
        meant = failure(connection, reader, "select * from Locked")
    assert type(meant) is SourceError
    assert "kept a table locked for too long (error 1205)" in str(meant)


@pytest.mark.parametrize(
    ("kill", "message"),
    [
        ("kill query {}", r"told to stop this statement \(error 1317\)"),
        ("kill {}", r"cut the connection \(error 2013\)|cut the connection \(error 1927\)"),
    ],
)
def test_a_session_or_statement_that_somebody_ended(
    reader: Endpoint, administrator: SourceConnection, kill: str, message: str
) -> None:
    with connect(reader) as connection, administrator.cursor() as cursor:
        with connection.cursor() as asking:
            asking.execute("select connection_id()")
            thread = (asking.fetchone() or (0,))[0]
        # The event strikes while the statement runs, whatever the machine is doing.
        cursor.execute(
            "create event strike on schedule every 1 second do "
            "if exists (select 1 from information_schema.processlist "
            f"where id = {thread} and info like '%{MARK}%') then {kill.format(thread)}; end if"
        )
        cursor.execute("set global event_scheduler = on")
        try:
            meant = failure(connection, reader, f"select '{MARK}', sleep(60)")
        finally:
            cursor.execute("set global event_scheduler = off")
            cursor.execute("drop event strike")
    assert type(meant) is SourceError
    with pytest.raises(SourceError, match=message):
        raise meant


def test_an_account_that_has_no_connection_left_may_try_again(
    reader: Endpoint, administrator: SourceConnection
) -> None:
    with administrator.cursor() as cursor:
        cursor.execute("alter user reader@'127.0.0.1' with max_user_connections 1")
    with (
        connect(reader),
        pytest.raises(SourceError, match=r"a limit of this account \(error 1226\)"),
    ):
        connect(reader)


def test_a_server_that_has_no_connection_left_may_be_tried_again(
    reader: Endpoint, administrator: SourceConnection
) -> None:
    with administrator.cursor() as cursor:
        cursor.execute("select @@max_connections")
        usual = (cursor.fetchone() or (151,))[0]
        cursor.execute("set global max_connections = 10")
        held: list[SourceConnection] = []
        try:
            with pytest.raises(SourceError, match=r"no connection left .*\(error 1040\)"):
                held.extend(connect(reader) for _ in range(20))
        finally:
            cursor.execute(f"set global max_connections = {usual}")
            for connection in held:
                connection.close()


@pytest.mark.parametrize("option", ["unix_socket", "charset", "__extra__"])
def test_an_option_that_nobody_knows_is_not_passed_over(reader: Endpoint, option: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown options: {option}"):
        connect(replace(reader, options={option: "/run/practice"}))


def test_a_locked_account_is_refused(reader: Endpoint, administrator: SourceConnection) -> None:
    with administrator.cursor() as cursor:
        cursor.execute("alter user reader@'127.0.0.1' account lock")
    with pytest.raises(SourceRefusedError, match=r"locked this account .*\(error 4151\)"):
        connect(reader)


def test_a_damaged_table_may_be_whole_again_when_the_server_has_repaired_it(
    reader: Endpoint, administrator: SourceConnection
) -> None:
    with administrator.cursor() as cursor:
        cursor.execute("create table Damaged (Id int primary key, Note text) engine=MyISAM")
        cursor.execute(f"insert into Damaged values (1, '{MARK}')")
        cursor.execute("flush tables Damaged")
        cursor.execute("select @@datadir")
        data = str((cursor.fetchone() or ("",))[0])
    with Path(data, reader.database, "Damaged.MYI").open("r+b") as index:
        index.truncate(100)
    with connect(reader) as connection:
        meant = failure(connection, reader, "select * from Damaged where Id = 1")
    assert type(meant) is SourceError, "it is tried again"
    assert "reports a damaged table" in str(meant)


def test_what_a_server_does_not_let_a_session_set_is_named(
    reader: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only an administrator may set this one.
    forbidden = Setting((Form("sql_log_bin", "OFF"),), "stands for any that needs a right")
    wanted = source_settings(Limits(240, 60, 30, 7200))
    monkeypatch.setattr(session, "source_settings", lambda _: (*wanted, forbidden))
    monkeypatch.setattr(session, "_known", {})
    with pytest.raises(SourceRefusedError, match=r"set sql_log_bin to 'OFF' \(error 1227\)"):
        connect(reader)


def test_the_settings_are_logged_once(reader: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="include.source.session")
    for _ in range(3):
        connect(reader).close()
    (line,) = [record.message for record in caplog.records if "every session" in record.message]
    assert "sql_select_limit=18446744073709551615, sql_big_selects=ON, autocommit=ON" in line


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (1104, SourceRefusedError, "max_join_size"),
        (1115, SourceRefusedError, "does not know utf8mb4"),
        (1139, TerminalError, "a pattern of the config's excluded_cells"),
        (3692, TerminalError, "a pattern of the config's excluded_cells"),
        (1682, SourceRefusedError, "mysql_upgrade"),
        (1615, SourceError, "table_definition_cache"),
        (1184, SourceError, "init_connect"),
        (1290, SourceError, "max_session_mem_used"),
        (1114, SourceError, "tmp_disk_table_size"),
    ],
)
def test_a_code_says_what_to_do(code: int, kind: type[Exception], said: str) -> None:
    endpoint = Endpoint("mysql", "127.0.0.1", 1, "reader", "", "opendental")
    meant = source_error(pymysql.OperationalError(code, MARK), endpoint)
    assert type(meant) is kind
    assert said in str(meant)
    assert MARK not in str(meant)
