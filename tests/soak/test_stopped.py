"""Source or warehouse stopped at moments of every step of a refresh: an end, and the next mends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy.engine.default import DefaultDialect

from include.catalog.model import Tier
from include.engine import load_table, settle
from include.errors import PipelineError, SourceError, WarehouseError
from include.ops.migrate import migrate
from include.reporting import report_run
from include.sessions.failures import untranslated
from include.source.login import LoginConnection
from include.source.statement import PreparedStatement
from include.validation import validate_tier
from tests.engine.faults.stopping import (
    Calls,
    StoppableServer,
    before_call,
    set_short_limits,
    stoppable_source,
    stoppable_warehouse,
)
from tests.engine.oracle import assert_equal
from tests.missing import skipped_where_missing
from tests.planning.practice import Practice

pytestmark = pytest.mark.soak

TABLES = ("Patient", "Visit", "Loose")
MARK = "Wilhelmina-Marked"
CALLS: dict[str, Calls] = {
    "source": (
        (LoginConnection, "_request_authentication"),
        (pymysql.cursors.Cursor, "execute"),
        (PreparedStatement, "execute"),
        (PreparedStatement, "drain"),
    ),
    "warehouse": (
        (psycopg.Connection, "execute"),
        (psycopg.Connection, "commit"),
        (psycopg.Copy, "write"),
        # Great Expectations' statements.
        (DefaultDialect, "do_execute"),
    ),
}
# Of a step's calls; most of a short step, and each kind of a long one.
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)


class Refresh:
    """The steps of a refresh, as the tasks of the DAG call them."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.run_id = 0
        self.tables: tuple[str, ...] = ()

    def discover(self) -> None:
        self.practice.discover()

    def plan(self) -> None:
        plan = self.practice.plan()
        assert plan.run_id is not None
        self.run_id, self.tables = plan.run_id, tuple(plan.tables)

    def load(self) -> None:
        for table in self.tables:
            load_table(
                self.practice.source, self.practice.warehouse, run_id=self.run_id, table=table
            )

    def settle(self) -> None:
        settle(self.practice.source, self.practice.warehouse, run_id=self.run_id)

    def validate(self) -> None:
        for tier in Tier:
            validate_tier(self.practice.warehouse, run_id=self.run_id, tier=tier)

    def report(self) -> None:
        assert report_run(self.practice.warehouse, run_id=self.run_id).is_right


STEPS = (
    Refresh.discover,
    Refresh.plan,
    Refresh.load,
    Refresh.settle,
    Refresh.validate,
    Refresh.report,
)


@pytest.fixture(scope="module")
def stoppable(server_directory: Path) -> Iterator[dict[str, StoppableServer]]:
    with skipped_where_missing():
        both = {
            "source": stoppable_source(server_directory / "stopped-source"),
            "warehouse": stoppable_warehouse(server_directory / "stopped-warehouse"),
        }
    yield both
    for one in both.values():
        one.server.stop()


@pytest.fixture(scope="module")
def practice(
    stoppable: dict[str, StoppableServer], tmp_path_factory: pytest.TempPathFactory
) -> Practice:
    source = stoppable["source"].server.endpoint
    warehouse = stoppable["warehouse"].server.endpoint
    Practice(source.with_database("mysql"), warehouse, Path()).execute("create database practice")
    migrate(warehouse)
    practice = Practice(
        source.with_database("practice"), warehouse, tmp_path_factory.mktemp("config")
    )
    practice.execute(
        "create table Patient (PatNum bigint primary key, LName varchar(50), Seen date)",
        "create table Visit (VisitNum int primary key, PatNum bigint, Fee decimal(8,2))",
        "create table Loose (Note text)",
        f"insert into Patient select seq, '{MARK}', '2024-01-01' from seq_1_to_3000",
        "insert into Visit select seq, seq, 10.5 from seq_1_to_3000",
        f"insert into Loose select '{MARK}' from seq_1_to_100",
    )
    return practice


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("victim", ["source", "warehouse"])
def test_a_server_stopped_at_moments_of_a_step_ends_it_and_the_next_run_is_whole(
    stoppable: dict[str, StoppableServer],
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    *,
    victim: str,
    step: Callable[[Refresh], None],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(tmp_path))
    refresh = Refresh(practice)
    edit(practice)
    go_to(refresh, step)
    with before_call(0, CALLS[victim], lambda: None) as all_of_them:
        step(refresh)
    numbers = sorted({1 + round(place * (len(all_of_them) - 1)) for place in PLACES})
    ended = 0
    for number in numbers if all_of_them else ():
        edit(practice)
        go_to(refresh, step)
        with monkeypatch.context() as patch:
            set_short_limits(patch)
            with stoppable[victim].stopped_at(number, CALLS[victim]):
                ended += has_ended_with_a_sentence(refresh, step, victim)
        hold_what_the_next_run_leaves(refresh)
    assert bool(ended) == bool(all_of_them)
    assert MARK not in caplog.text


def go_to(refresh: Refresh, step: Callable[[Refresh], None]) -> None:
    """Take all steps before this one."""
    for one in STEPS[: STEPS.index(step)]:
        one(refresh)


def has_ended_with_a_sentence(
    refresh: Refresh, step: Callable[[Refresh], None], victim: str
) -> bool:
    """Take the step; say whether it failed, as it must but at its very last words."""
    try:
        step(refresh)
    except (PipelineError, psycopg.Error) as error:
        said = error
        if isinstance(error, psycopg.Error):
            said = untranslated(error, refresh.practice.warehouse)
        assert type(said) is (SourceError if victim == "source" else WarehouseError)
        assert "try again" in str(said).lower()
        assert MARK not in str(said)
        return True
    return False


def hold_what_the_next_run_leaves(refresh: Refresh) -> None:
    """Hold that one more run makes both sides equal and opens every gate."""
    for step in STEPS:
        step(refresh)
    for table in TABLES:
        assert assert_equal(refresh.practice.source, refresh.practice.warehouse, table)
    assert (
        refresh.practice.ask(
            "select table_name, blocked_reason from ops.table_state where not is_publishable"
        )
        == []
    )


def edit(practice: Practice) -> None:
    """Move rows of every table."""
    practice.execute(
        "update Patient set Seen = date_add(Seen, interval 1 day)",
        "update Visit set Fee = Fee + 1 where VisitNum % 3 = 0",
        f"insert into Loose values ('{MARK} once more')",
    )
