"""The marts against the books that the simulated practice keeps for itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pymysql
import pytest

import simulator
from include.endpoints import Endpoint
from include.open_dental.protection import excluded_table
from include.ops.migrate import migrate
from include.source.session import quote
from include.transform.build import BuildOutcome, build, report_lines
from include.transform.lineage import read_lineage
from include.transform.manifest import MANIFEST
from include.transform.naming import entities
from include.transform.worked_queries import read_worked_queries
from include.warehouse.session import connect
from tests.transform import truth
from tests.transform.office_day import set_office_day
from tests.transform.raw_copy import copy_practice

LAST_DAY = date(2026, 6, 30)
# Reports of which any practice has rows on the days that the queries name.
NEVER_SILENT = {
    "mart_production_income",
    "od_active_patients",
    "od_production_income",
    "od_provider_payroll",
    "od_receivables_rollforward",
}
# Two clinics, and settings that all differ from those of a new practice.
SEED = 6


@dataclass(frozen=True, slots=True)
class Office:
    """A small practice, its books, and the warehouse that replicates it."""

    source: Endpoint
    warehouse: Endpoint
    books: Path
    target: Path

    def truth(self) -> Mapping[str, Any]:
        """Return the practice's books as they are now."""
        content: Mapping[str, Any] = json.loads(self.books.read_text(encoding="utf-8"))
        return content

    def build(self, *select: str, is_sql_tested: bool = False) -> BuildOutcome:
        """Build on the practice's last day."""
        set_office_day(self.warehouse, str(self.truth()["last_day"]))
        return build(
            self.warehouse, select=select, target_path=self.target, is_sql_tested=is_sql_tested
        )


@pytest.fixture(scope="module")
def office(
    mariadb: Endpoint, postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    source = mariadb.with_database("practice_of_marts")
    directory = tmp_path_factory.mktemp("office")
    books = directory / "truth.json"
    simulator.build(source, simulator.PracticePlan(150, 2, SEED, LAST_DAY), truth=books)
    with connect(postgres, autocommit=True) as connection:
        connection.execute("create database warehouse_of_marts")
    warehouse = postgres.with_database("warehouse_of_marts")
    migrate(warehouse)
    yield Office(source, warehouse, books, directory)
    with connect(postgres, autocommit=True) as connection:
        connection.execute("drop database warehouse_of_marts with (force)")
    with pymysql.connect(
        host=source.host, port=source.port, user=source.user, password=source.password
    ) as practice:
        practice.cursor().execute(f"drop database {quote(source.database)}")


@pytest.fixture(scope="module")
def first_build(office: Office) -> BuildOutcome:
    copy_practice(office.source, office.warehouse)
    return office.build(is_sql_tested=True)


def test_every_model_is_built_and_every_test_passes(first_build: BuildOutcome) -> None:
    assert list(report_lines(first_build)) == [_total(first_build)]
    assert first_build.is_right
    results = first_build.run.results if first_build.run else ()
    assert {"model", "test", "unit_test", "seed"} <= {result.kind for result in results}
    assert {result.status for result in results} == {"pass", "success"}


def test_the_marts_equal_the_books_to_the_cent(office: Office, first_build: BuildOutcome) -> None:
    assert first_build.is_right
    _assert_marts_equal(office)


def test_the_worked_query_of_each_report_runs_on_its_mart(
    office: Office, first_build: BuildOutcome
) -> None:
    assert first_build.is_right
    queries = read_worked_queries()
    reports = {mart for mart in _states(office) if mart.startswith("od_")}
    assert queries.keys() == {*reports, "mart_production_income"}
    silent = set()
    with connect(office.warehouse) as connection:
        for mart, query in queries.items():
            assert f"marts.{mart}" in query
            rows = connection.execute(query.encode()).fetchall()
            if not any(value is not None for row in rows for value in row):
                silent.add(mart)
    assert silent.isdisjoint(NEVER_SILENT)


def test_every_table_that_the_practice_fills_is_staged(office: Office) -> None:
    with pymysql.connect(
        host=office.source.host,
        port=office.source.port,
        user=office.source.user,
        password=office.source.password,
        database=office.source.database,
    ) as practice:
        cursor = practice.cursor()
        cursor.execute("show tables")
        names = [str(name) for (name,) in cursor.fetchall()]
        filled = set()
        for name in names:
            cursor.execute(f"select 1 from {quote(name)} limit 1")
            if cursor.fetchone():
                filled.add(name)
    assert len(filled) >= 60
    assert {name for name in filled if excluded_table(name) is None} <= set(entities())


def test_a_blocked_table_stops_its_readers_and_nobody_else(
    office: Office, first_build: BuildOutcome
) -> None:
    assert first_build.is_right
    before = office.truth()
    aging_before = _aging(office.warehouse)
    simulator.advance(office.source, days=10, truth=office.books)
    after = office.truth()
    copy_practice(office.source, office.warehouse)
    _set_gate(office, "adjustment", reason="quality 0.8 below 0.99")

    outcome = office.build("+marts")

    marts = read_lineage(office.target / MANIFEST).marts()
    readers = {mart for mart, tables in marts.items() if "adjustment" in tables}
    assert {"od_aging", "od_adjustments", "mart_production_income"} <= readers < set(marts)
    assert not outcome.is_right
    assert outcome.closed == {"adjustment": "quality 0.8 below 0.99"}
    assert {kept.name for kept in outcome.kept} == readers
    assert all(kept.blocked_by == ("adjustment",) for kept in outcome.kept)
    assert _states(office) == {mart: "blocked" if mart in readers else "built" for mart in marts}
    income = truth.mart(office.warehouse, "od_production_income")
    assert truth.income(income, str(after["last_day"])) == truth.true_income(before)
    assert _aging(office.warehouse) == aging_before
    payments = truth.mart(office.warehouse, "od_daily_payments")
    assert truth.receipts(payments) == truth.true_receipts(after)
    lines = "\n".join(report_lines(outcome))
    assert "table adjustment is not publishable: quality 0.8 below 0.99" in lines
    assert "mart od_aging is blocked and keeps the rows of its last build" in lines

    _set_gate(office, "adjustment", reason=None)
    assert office.build("intermediate", "marts").is_right
    assert set(_states(office).values()) == {"built"}
    _assert_marts_equal(office)


@pytest.mark.parametrize(("share", "is_broken"), [(5, False), (45, False), (55, True)])
def test_only_references_that_mostly_dangle_are_an_error_and_fewer_are_counted(
    office: Office, first_build: BuildOutcome, share: int, is_broken: bool
) -> None:
    assert first_build.is_right
    dangling, total = _shift_patients(office, share, by=1_000_000)
    outcome = office.build("rows_are_right_od_adjustments")
    _shift_patients(office, share, by=-1_000_000)
    assert outcome.is_right is not is_broken
    test = "test rows_are_right_od_adjustments"
    [line] = [line for line in report_lines(outcome) if line.startswith(test)]
    told = f"patient_id names no row of dim_patients in {dangling} of {total} rows"
    assert line == f"{test} {'failed' if is_broken else 'found'}: {told}"


def test_a_value_that_no_report_knows_stops_the_marts_that_read_the_setting(
    office: Office, first_build: BuildOutcome
) -> None:
    assert first_build.is_right
    _set_preference(office, "PayPlansVersion", "7")
    outcome = office.build("+od_aging", "+od_service_dates", "+od_daily_payments")
    _set_preference(office, "PayPlansVersion", str(office.truth()["settings"]["plans_version"]))
    assert not outcome.is_right
    assert {kept.name: kept.blocked_by for kept in outcome.kept} == {
        "od_aging": (),
        "od_service_dates": (),
    }
    broken = {model.name: model.message for model in outcome.broken}
    assert broken.keys() == {"int_aging_snapshots_kept", "int_service_date_entries_unioned"}
    for model, message in broken.items():
        assert (
            "the practice has the preference PayPlansVersion = 7, which no report of Open Dental"
            f" knows; {model} keeps the rows of its last build" in message
        )
    assert _states(office)["od_daily_payments"] == "built"


def _assert_marts_equal(office: Office) -> None:
    books, warehouse = office.truth(), office.warehouse
    last_day = str(books["last_day"])
    income = truth.mart(warehouse, "od_production_income")
    payments = truth.mart(warehouse, "od_daily_payments")
    plans = truth.mart(warehouse, "od_payment_plans")
    assert truth.income(income, last_day) == truth.true_income(books)
    assert truth.places(income, last_day) == truth.true_places(books)
    assert truth.receipts(payments) == truth.true_receipts(books)
    assert truth.payments(payments) == truth.true_payments(books)
    assert truth.mart_receivables(warehouse, last_day) == truth.true_receivables(books)
    assert _aging(warehouse) == truth.true_aging(books)
    assert truth.stored_aging(truth.staged_patients(warehouse)) == truth.true_aging(books)
    assert truth.plans(plans) == truth.true_plans(books)
    assert all((truth.true_income(books), truth.true_aging(books), truth.true_plans(books)))


def _aging(warehouse: Endpoint) -> truth.Figures:
    return truth.aging(truth.mart(warehouse, "od_aging"))


def _set_gate(office: Office, table: str, *, reason: str | None) -> None:
    with connect(office.warehouse) as connection:
        connection.execute(
            "update ops.table_state set is_publishable = %s, blocked_code = %s,"
            " blocked_reason = %s where table_name = %s",
            (reason is None, "quality" if reason else None, reason, table),
        )


def _shift_patients(office: Office, share: int, *, by: int) -> tuple[int, int]:
    """Give so many of a hundred rows of the mart patients who are not there.

    Return the number of these and of all rows.
    """
    with connect(office.warehouse) as connection:
        ((total,),) = connection.execute("select count(*) from marts.od_adjustments").fetchall()
        shifted = connection.execute(
            "update marts.od_adjustments set patient_id = patient_id + %s where adjustment_id in"
            " (select adjustment_id from marts.od_adjustments order by adjustment_id limit %s)",
            (by, total * share // 100),
        ).rowcount
    return shifted, total


def _set_preference(office: Office, name: str, value: str) -> None:
    with connect(office.warehouse) as connection:
        connection.execute(
            "update raw.preference set valuestring = %s where prefname = %s", (value, name)
        )


def _states(office: Office) -> dict[str, str]:
    with connect(office.warehouse) as connection:
        return dict(connection.execute("select mart, state from ops.mart_state").fetchall())


def _total(outcome: BuildOutcome) -> str:
    return list(report_lines(outcome))[-1]
