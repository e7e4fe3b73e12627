"""Backfills through a real scheduler: the receivables of past days, from what raw holds.

The name of this file puts it behind the tests that spoil the practice and heal it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg.rows import dict_row

from include.warehouse.session import connect
from local_system.system import System
from tests.orchestration.running import (
    Ended,
    ask,
    await_end,
    backfill,
    begin,
    change,
    mails_about,
)
from tests.transform.equality.calculations import calculate
from tests.transform.equality.comparison import compare
from tests.transform.equality.keys import KEYS, SNAPSHOTS
from tests.transform.equality.source import read_practice
from tests.transform.reports.practice import Practice

FIRST, LAST = date(2026, 5, 28), date(2026, 6, 2)
DAYS = [FIRST + timedelta(days=number) for number in range(6)]
# The marts of today are tables; those with snapshots are views.
OTHER_MARTS = (
    "select relname, relfilenode from pg_class"
    " where relnamespace = 'marts'::regnamespace and relkind = 'r' order by 1"
)

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Backfilled:
    """Six runs that nobody let into the practice, and the marts before and after them."""

    system: System
    runs: list[Ended]
    practice: Practice
    others_before: list[tuple[Any, ...]]
    before: Rows
    after: Rows


@contextmanager
def locked_out(system: System) -> Iterator[None]:
    """Let the pipeline's account into the practice's server no more."""
    account = system.addresses.practice
    who = f"'{account.user}'@'{account.host}'"
    change(system.addresses.practice_administrator, f"alter user {who} account lock")
    try:
        yield
    finally:
        change(system.addresses.practice_administrator, f"alter user {who} account unlock")


def snapshots(system: System) -> Rows:
    """Return every row of the marts that keep snapshots."""
    with (
        connect(system.addresses.warehouse) as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        return {
            mart: cursor.execute(f"select * from marts.{mart} order by 1".encode()).fetchall()
            for mart in SNAPSHOTS
        }


@pytest.fixture(scope="module")
def backfilled(airflow_system: System) -> Backfilled:
    system = begin(airflow_system)
    ((today,),) = ask(system.addresses.warehouse, "select office_on from ops.office_day")
    practice = read_practice(system.addresses.practice_administrator, today)
    before, others = snapshots(system), ask(system.addresses.warehouse, OTHER_MARTS)
    with locked_out(system):
        runs = backfill(system, FIRST, LAST, at_once=3)
    return Backfilled(system, runs, practice, others, before, snapshots(system))


@pytest.mark.parametrize(
    ("kind", "zone", "expected"),
    [
        ("backfill", "UTC", date(2026, 3, 30)),
        ("backfill", "Australia/Sydney", date(2026, 3, 31)),
        ("manual", "UTC", None),
        ("scheduled", "UTC", None),
    ],
)
def test_only_a_backfill_is_of_a_past_day_and_by_the_clock_of_the_office(
    airflow_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    zone: str,
    expected: date | None,
) -> None:
    assert airflow_home.exists()
    from include.orchestration.refresh import past_day

    monkeypatch.setenv("DENTAL_OFFICE_TIME_ZONE", zone)
    end = datetime(2026, 3, 30, 15, tzinfo=UTC)
    assert past_day(SimpleNamespace(run_type=kind, data_interval_end=end)) == expected


def test_six_past_days_are_kept_while_the_practice_lets_nobody_in(backfilled: Backfilled) -> None:
    warehouse = backfilled.system.addresses.warehouse
    assert [ended.run.state for ended in backfilled.runs] == ["success"] * len(DAYS)
    assert [ended.loaded() for ended in backfilled.runs] == [set()] * len(DAYS)
    for day, ended in zip(DAYS, backfilled.runs, strict=True):
        assert ask(
            warehouse,
            "select as_of_on, office_on, run.state, count(table_name) from ops.run"
            " left join ops.table_load using (run_id) where dag_run_id = %s group by run_id",
            (ended.run.run_id,),
        ) == [(day, None, "succeeded", 0)]
        assert not mails_about(backfilled.system, ended.run.run_id)
    kept = "select as_of_on, count(*) from ops.snapshot where is_recomputed group by 1 order by 1"
    assert ask(warehouse, kept) == [(day, len(SNAPSHOTS)) for day in DAYS]


@pytest.mark.parametrize("mart", SNAPSHOTS)
def test_every_cell_of_a_past_day_is_the_one_of_the_second_calculation(
    backfilled: Backfilled, mart: str
) -> None:
    days = [
        compare(
            mart,
            in_mart=[row for row in backfilled.after[mart] if row["as_of_on"] == day],
            calculated=calculate(mart, backfilled.practice, as_of=day),
            key=KEYS[mart],
        )
        for day in DAYS
    ]
    assert [str(compared) for compared in days if compared.differences] == []
    assert all(compared.rows for compared in days)


def test_nothing_of_today_is_built_for_a_past_day(backfilled: Backfilled) -> None:
    assert ask(backfilled.system.addresses.warehouse, OTHER_MARTS) == backfilled.others_before
    for ended in backfilled.runs:
        built = {task.task_id for task in ended.tasks if task.state == "success"}
        assert {name.split(".")[-1] for name in built if name.startswith("marts.")} == {*SNAPSHOTS}
    for mart, rows in backfilled.before.items():
        assert [row for row in backfilled.after[mart] if row["as_of_on"] not in DAYS] == rows


def test_a_backfill_mails_no_missed_deadline(backfilled: Backfilled) -> None:
    assert ask(
        backfilled.system.addresses.airflow,
        "select deadline.missed, callback.state from deadline"
        " join dag_run on dag_run.id = deadline.dagrun_id"
        " join callback on callback.id = deadline.callback_id where dag_run.run_id = %s",
        (backfilled.runs[-1].run.run_id,),
    ) == [(True, "success")]


def test_a_second_backfill_of_a_day_beside_a_refresh_takes_turns_and_changes_nothing(
    backfilled: Backfilled,
) -> None:
    system = backfilled.system
    ((last_run,),) = ask(system.addresses.warehouse, "select max(run_id) from ops.run")
    by_hand = system.api.trigger("refresh_warehouse", {"phase": 1})
    runs = [*backfill(system, FIRST, FIRST, again=True), await_end(system, by_hand)]
    assert {ended.run.state for ended in runs} == {"success"}
    assert snapshots(system) == backfilled.after
    spans = ask(
        system.addresses.warehouse,
        "select as_of_on, started_at, finished_at from ops.run where run_id > %s order by 2",
        (last_run,),
    )
    assert {day for day, _, _ in spans} == {FIRST, None}
    (_, _, end), (_, start, _) = spans
    assert end <= start
