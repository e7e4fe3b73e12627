"""What a session on the warehouse promises, and why one is refused."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

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
        ):
            connection.execute(f"alter database {warehouse.database} set {setting}".encode())
    with connect(warehouse) as connection:
        row = connection.execute(
            "select '2024-02-01 00:00Z'::timestamptz::text, 'a\\n', current_setting("
            "'client_encoding'), current_setting('statement_timeout'), "
            "current_setting('idle_in_transaction_session_timeout')"
        ).fetchone()
        assert row == ("2024-02-01 00:00:00+00", "a\\n", "UTF8", "4h", "6min")
        connection.rollback()
        # A setting made in a transaction would be gone with it.
        assert connection.execute("show timezone").fetchone() == ("UTC",)


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
