"""A source or a warehouse that stops answering while its connections stand ends a load in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import pytest

from include.endpoints import Endpoint
from include.engine.context import LoadContext
from include.errors import PipelineError, SourceError, WarehouseError
from include.sessions.failures import untranslated
from include.source.login import LoginConnection
from include.source.pages import PageReader
from include.transform import dbt
from include.warehouse import session as warehouse_session
from include.warehouse import watch
from tests.engine.faults.moments import commit_batches_of
from tests.engine.faults.stopping import (
    StoppableServer,
    set_short_limits,
    stoppable_source,
    stoppable_warehouse,
)
from tests.engine.faults.subject import Subject, told
from tests.engine.practice import Practice, open_practice, writing
from tests.missing import skipped_where_missing

STOPPED = "has stopped answering while the connection stood"


@pytest.fixture(scope="module")
def stoppable(server_directory: Path) -> Iterator[dict[str, StoppableServer]]:
    with skipped_where_missing():
        both = {
            "source": stoppable_source(server_directory / "stoppable-source"),
            "warehouse": stoppable_warehouse(server_directory / "stoppable-warehouse"),
        }
    yield both
    for one in both.values():
        one.server.stop()


@pytest.fixture(scope="module")
def practice(stoppable: dict[str, StoppableServer]) -> Practice:
    source = stoppable["source"].server.endpoint
    with writing(source.with_database("mysql")) as cursor:
        cursor.execute("create database practice character set utf8mb4")
    return open_practice(source.with_database("practice"), stoppable["warehouse"].server.endpoint)


@pytest.fixture
def subject(practice: Practice, request: pytest.FixtureRequest) -> Subject:
    """A table that was loaded, and then edited."""
    number = abs(hash(request.node.name)) % 10**9
    subject = Subject(practice, f"T_{number}", "number")
    subject.create()
    subject.load()
    subject.edit()
    return subject


@pytest.mark.parametrize(
    ("victim", "owner", "method", "number"),
    [
        ("source", LoginConnection, "_request_authentication", 1),
        ("source", PageReader, "read", 4),
        ("warehouse", psycopg.Connection, "execute", 12),
        ("warehouse", psycopg.Copy, "write", 1),
        ("warehouse", psycopg.Connection, "commit", 1),
        ("warehouse", LoadContext, "commit", 1),
    ],
    ids=["log-in", "page", "statement", "copy", "batch", "commit"],
)
def test_a_load_ends_with_a_sentence_and_the_next_one_mends_it(
    stoppable: dict[str, StoppableServer],
    subject: Subject,
    monkeypatch: pytest.MonkeyPatch,
    *,
    victim: str,
    owner: Any,
    method: str,
    number: int,
) -> None:
    config = subject.config
    set_short_limits(monkeypatch)
    commit_batches_of(40, monkeypatch)
    with (
        stoppable[victim].stopped_at(number, [(owner, method)]) as came,
        pytest.raises(PipelineError) as caught,
    ):
        subject.practice.load(config)
    assert len(came) >= number
    assert type(caught.value) is (SourceError if victim == "source" else WarehouseError)
    assert STOPPED in str(caught.value)
    assert "then try again" in str(caught.value)
    monkeypatch.undo()
    subject.hold_no_value_was_recorded(told(caught.value))
    subject.hold_what_readers_see()
    subject.hold_what_the_next_load_mends()


def test_a_stopped_warehouse_ends_a_build_of_dbt(
    stoppable: dict[str, StoppableServer],
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    set_short_limits(monkeypatch)
    warehouse = stoppable["warehouse"]
    with warehouse.awake_in_the_end():
        warehouse.stop()
        with pytest.raises(WarehouseError, match=f"was stopped: the warehouse {STOPPED}"):
            dbt.run_dbt(("seed",), practice.warehouse, target_path=tmp_path)


def test_psycopg2_waits_no_longer_than_psycopg(
    stoppable: dict[str, StoppableServer], practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_short_limits(monkeypatch)
    warehouse = stoppable["warehouse"]
    login = warehouse_session.login_arguments(practice.warehouse)
    address = {name: login[name] for name in ("host", "port", "user", "password", "dbname")}

    def fail_again_and_again() -> None:
        """Go on to the next statement after an error, as Great Expectations and dbt do."""
        with watch.psycopg2_watched(login):
            connection = psycopg2.connect(**address)
            warehouse.stop()
            with pytest.raises(psycopg2.OperationalError):
                connection.cursor().execute("select 1")
            for _ in range(40):
                with pytest.raises(psycopg2.OperationalError):
                    psycopg2.connect(**address)

    # Forty times the limit is more than the server is left asleep.
    with warehouse.awake_in_the_end(), pytest.raises(WarehouseError, match=STOPPED):
        fail_again_and_again()


def test_a_statement_may_take_longer_than_the_limit_while_the_server_answers(
    warehouse: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    answers = watch._answers

    def counted(login: Any) -> bool:
        asked.append(answers(login))
        return asked[-1]

    monkeypatch.setattr(watch, "ANSWER_LIMIT_SECONDS", 0.3)
    monkeypatch.setattr(watch, "_answers", counted)
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        assert connection.execute("select 7 from pg_sleep(2)").fetchone() == (7,)
        login = warehouse_session.login_arguments(warehouse)
        with (
            watch.psycopg2_watched(login),
            psycopg2.connect(connection.info.dsn, password=login["password"]) as other,
        ):
            cursor = other.cursor()
            cursor.execute("select 8 from pg_sleep(2)")
            assert cursor.fetchone() == (8,)
    assert len(asked) > 2
    assert all(asked)


def test_a_server_without_a_free_session_answers_and_one_session_that_hangs_is_given_up(
    warehouse: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = warehouse_session.login_arguments(warehouse)
    assert watch._answers({**login, "dbname": "nowhere"})
    monkeypatch.setattr(watch, "ANSWER_LIMIT_SECONDS", 0.3)
    monkeypatch.setattr(watch, "WAIT_LIMIT_SECONDS", 0)
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        with pytest.raises(watch.SilentWarehouseError, match="lets others log in") as caught:
            connection.execute("select pg_sleep(60)")
        assert connection.closed
    error = untranslated(caught.value, warehouse)
    assert type(error) is WarehouseError
