"""What a session on the warehouse promises, and why one is refused."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from include.endpoints import Endpoint
from include.errors import TerminalError, WarehouseError
from include.warehouse.session import connect
from local_system import servers


def test_a_database_with_other_defaults_gives_the_same_session(warehouse: Endpoint) -> None:
    with connect(warehouse, autocommit=True) as connection:
        for setting in (
            "timezone = 'America/New_York'",
            "datestyle = 'SQL, DMY'",
            "standard_conforming_strings = off",
            "client_encoding = 'LATIN1'",
            "statement_timeout = '90s'",
            "search_path = 'shadow, pg_catalog'",
            "default_transaction_isolation = 'serializable'",
            "lock_timeout = '1h'",
            "idle_session_timeout = '1h'",
            "bytea_output = 'escape'",
            "intervalstyle = 'iso_8601'",
            "extra_float_digits = -15",
            "row_security = on",
            "array_nulls = off",
            "quote_all_identifiers = on",
        ):
            connection.execute(f"alter database {warehouse.database} set {setting}".encode())
        connection.execute("create schema shadow")
        connection.execute(
            "create function shadow.upper(text) returns text language sql return 'shadowed'"
        )
    with connect(warehouse) as connection:
        row = connection.execute(
            "select '2024-02-01 00:00Z'::timestamptz::text, 'a\\n', current_setting("
            "'client_encoding'), current_setting('statement_timeout'), "
            "current_setting('idle_in_transaction_session_timeout')"
        ).fetchone()
        assert row == ("2024-02-01 00:00:00+00", "a\\n", "UTF8", "4h", "6min")
        row = connection.execute(
            "select upper('x'), '\\x61'::bytea::text, interval '1 day', (1 / 3::float8)::text, "
            "cast('{null}' as text[]), quote_ident('plain'), "
            "current_setting('transaction_isolation'), current_setting('lock_timeout'), "
            "current_setting('idle_session_timeout')"
        ).fetchone()
        assert row == (
            *("X", "\\x61", timedelta(days=1), "0.3333333333333333"),
            *([None], "plain", "read committed", "0", "0"),
        )
        connection.rollback()
        # A setting made in a transaction would be gone with it.
        assert connection.execute("show timezone").fetchone() == ("UTC",)


def test_rows_that_a_policy_hides_are_missed(warehouse: Endpoint) -> None:
    with connect(warehouse, autocommit=True) as connection:
        connection.execute("create role narrow login password 'x'")
        connection.execute("create table public.hidden (id int)")
        connection.execute("alter table public.hidden enable row level security")
        connection.execute("grant select on public.hidden to narrow")
    with (
        connect(replace(warehouse, user="narrow", password="x")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("select * from public.hidden")
    with connect(warehouse, autocommit=True) as connection:
        connection.execute("drop table public.hidden")
        connection.execute("drop role narrow")


def test_a_database_that_does_not_store_utf8_is_refused(postgres: Endpoint) -> None:
    with connect(postgres, autocommit=True) as connection:
        connection.execute(
            "create database western encoding 'LATIN1' locale 'C' template template0"
        )
        try:
            with pytest.raises(TerminalError, match=r"stores text as LATIN1.*ENCODING 'UTF8'"):
                connect(postgres.with_database("western"))
        finally:
            connection.execute("drop database western")


def test_an_account_or_database_that_is_not_there_needs_a_person(warehouse: Endpoint) -> None:
    for wrong in (
        replace(warehouse, password="wrong"),
        replace(warehouse, user="nobody"),
        warehouse.with_database("nothing"),
    ):
        with pytest.raises(TerminalError, match="refuses the account or has no such database"):
            connect(wrong)


def test_an_account_that_has_no_connection_left_may_try_again(warehouse: Endpoint) -> None:
    with connect(warehouse, autocommit=True) as connection:
        connection.execute("create role narrow login password 'x' connection limit 1")
    narrow = replace(warehouse, user="narrow", password="x")
    with connect(narrow), pytest.raises(WarehouseError, match="has no connection left") as caught:
        connect(narrow)
    assert not isinstance(caught.value, TerminalError)


def test_a_server_that_is_stopping_may_be_tried_again(server_directory: Path) -> None:
    server = servers.start_postgres(
        server_directory / "stopping", port=servers.free_port(), password=servers.new_password()
    )
    try:
        with connect(server.endpoint):
            # Asked like this, the server waits for its last client and takes no new one.
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(WarehouseError, match="is starting or stopping") as caught:
                connect_until_it_refuses(server.endpoint)
        assert not isinstance(caught.value, TerminalError)
    finally:
        server.stop()


def connect_until_it_refuses(endpoint: Endpoint) -> None:
    for _ in range(1000):
        connect(endpoint).close()


def test_an_error_that_psycopg_passes_over_is_not_logged(
    warehouse: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        with connect(warehouse, autocommit=True) as connection, connection.pipeline():
            connection.execute("select 'Wilhelmina'::int")
            raise TimeoutError("of ours")

    with pytest.raises(TimeoutError, match="of ours"):
        fail()
    assert caplog.messages == []
