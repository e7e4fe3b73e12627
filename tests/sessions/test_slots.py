"""The limit on sessions holds over all processes that share a warehouse."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from dataclasses import replace
from multiprocessing.synchronize import Event

import pytest

from include.endpoints import Endpoint
from include.sessions import slots
from include.sessions.locks import lock_session
from include.sessions.slots import source_slot
from include.warehouse.session import connect

SOURCE = Endpoint("mysql", "192.0.2.1", 3306, "reader", "", "opendental", {"max_connections": "2"})


def held(warehouse: Endpoint) -> int:
    with connect(warehouse, autocommit=True) as connection:
        row = connection.execute(
            "select count(*) from pg_locks where locktype = 'advisory' and objsubid = 2 "
            "and database = (select oid from pg_database where datname = current_database())"
        ).fetchone()
    return int(row[0]) if row else -1


def test_the_third_task_waits_says_so_and_gets_the_first_slot_that_is_freed(
    warehouse: Endpoint, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(slots, "POLL_SECONDS", 0.01)
    waits, enters = threading.Event(), threading.Event()
    monkeypatch.setattr(slots.log, "info", lambda *_: waits.set())

    def third() -> None:
        with connect(warehouse, autocommit=True) as connection, source_slot(connection, SOURCE):
            enters.set()

    with (
        lock_session(warehouse) as one,
        lock_session(warehouse) as two,
        source_slot(one.connection, SOURCE),
    ):
        with source_slot(two.connection, SOURCE):
            waiting = threading.Thread(target=third)
            waiting.start()
            assert waits.wait(30)
            assert not enters.is_set()
            assert held(warehouse) == 2
        assert enters.wait(30)
        waiting.join()
        assert held(warehouse) == 1
    assert held(warehouse) == 0


def test_one_session_that_opens_several_counts_each(warehouse: Endpoint) -> None:
    with connect(warehouse, autocommit=True) as connection:
        with source_slot(connection, SOURCE), source_slot(connection, SOURCE):
            assert held(warehouse) == 2
            assert slots._take(connection, slots._server_number(SOURCE), 2) is None
        assert held(warehouse) == 0


def test_another_server_has_slots_of_its_own_and_without_the_option_there_are_none(
    warehouse: Endpoint,
) -> None:
    one = replace(SOURCE, options={"max_connections": "1"})
    with connect(warehouse, autocommit=True) as connection:
        with source_slot(connection, one), source_slot(connection, replace(one, port=3307)):
            assert held(warehouse) == 2
        with source_slot(connection, replace(one, options={})):
            assert held(warehouse) == 0


def hold_until_killed(warehouse: Endpoint, has_it: Event) -> None:
    one = replace(SOURCE, options={"max_connections": "1"})
    with connect(warehouse, autocommit=True) as connection, source_slot(connection, one):
        has_it.set()
        threading.Event().wait()


def test_a_killed_task_frees_its_slot(warehouse: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "POLL_SECONDS", 0.01)
    context = multiprocessing.get_context("fork")
    has_it = context.Event()
    process = context.Process(target=hold_until_killed, args=(warehouse, has_it))
    process.start()
    assert has_it.wait(30)
    process.kill()
    process.join()
    one = replace(SOURCE, options={"max_connections": "1"})
    with connect(warehouse, autocommit=True) as connection, source_slot(connection, one):
        assert held(warehouse) == 1
