"""The simulator's books agree with the rows, by Open Dental's own definitions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from include import settings
from include.source import session
from include.source.session import SourceConnection
from simulator.commands import demo
from tests.simulator import accounts
from tests.simulator.simulated import PLAN, Simulated, checksums


@pytest.mark.parametrize("figure", accounts.DAILY)
def test_a_daily_figure_is_the_sum_over_the_rows(
    practice: Simulated, connection: SourceConnection, figure: str
) -> None:
    told = accounts.told_by_day(practice.truth(), figure)
    assert told
    assert accounts.by_day(connection, accounts.DAILY[figure]) == told


@pytest.mark.parametrize(
    ("figure", "query"),
    [
        ("new_patients", accounts.NEW_PATIENTS),
        ("broken_appointments", accounts.BROKEN_APPOINTMENTS),
    ],
)
def test_a_daily_count_is_the_count_of_the_rows(
    practice: Simulated, connection: SourceConnection, figure: str, query: str
) -> None:
    told = accounts.told_by_day(practice.truth(), figure)
    assert sum(told.values()) >= 1_000
    assert accounts.by_day(connection, query) == told


def test_receivables_are_the_sum_of_each_familys_transactions(
    practice: Simulated, connection: SourceConnection
) -> None:
    truth = practice.truth()
    assert accounts.receivables(connection, truth["last_day"]) == accounts.told_receivables(truth)


def test_aging_follows_from_the_rows_and_stands_on_the_guarantors(
    practice: Simulated, connection: SourceConnection
) -> None:
    """Worked out from the rows again, with code that knows nothing of the simulator's."""
    accounts.assert_aging_agrees(connection, practice.truth())


@pytest.mark.parametrize("broken", accounts.BROKEN_MONEY)
def test_the_money_hangs_together(connection: SourceConnection, broken: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(broken)
        assert not cursor.fetchall()


def test_the_same_plan_gives_the_same_rows_and_books(practice: Simulated, twin: Simulated) -> None:
    assert twin.checksums == practice.checksums
    assert twin.built_truth == practice.built_truth


def test_another_seed_from_the_command_line_gives_other_rows_and_books(
    practice: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = practice.endpoint.with_database("demo_other")
    monkeypatch.setenv(settings.PRACTICE_ADMINISTRATOR_VARIABLE, endpoint.uri())
    truth = tmp_path / "truth.json"
    arguments = ["build", "--patients", str(PLAN.patients), "--years", str(PLAN.years)]
    arguments += ["--seed", str(PLAN.seed + 1), "--until", PLAN.until.isoformat()]
    result = CliRunner().invoke(demo, [*arguments, "--truth", str(truth)])
    assert result.exit_code == 0, result.output
    assert f"simulated {PLAN.patients} patients from 2025-11-21 to 2026-11-20" in result.output
    assert endpoint.password not in result.output
    result = CliRunner().invoke(demo, ["advance", "--days", "2", "--truth", str(truth)])
    assert result.exit_code == 0, result.output
    assert json.loads(truth.read_text())["last_day"] == "2026-11-22"
    with session.connect(endpoint) as connection:
        other = checksums(connection)
        figures = {f: accounts.by_day(connection, q) for f, q in accounts.DAILY.items()}
    differing = {name for name, total in other.items() if total != practice.checksums[name]}
    assert {"patient", "procedurelog", "claimproc", "paysplit", "schedule"} <= differing
    told = json.loads(truth.read_text())
    assert figures == {figure: accounts.told_by_day(told, figure) for figure in figures}
