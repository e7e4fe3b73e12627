"""An old practice: its past is written in bulk, and its books are as exact as a young one's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from include.endpoints import Endpoint
from include.errors import SourceError
from include.open_dental import schema
from include.source import session
from include.source.session import SourceConnection
from simulator import PracticePlan, advance, natural_years
from simulator.background import Background
from simulator.books import Kind
from simulator.closed_years import ClosedYears
from tests.simulator import accounts
from tests.simulator.documented import coded_columns
from tests.simulator.simulated import LAST_DAY, Simulate, Simulated

OLD = PracticePlan(patients=160, years=30, seed=4, until=LAST_DAY)


@pytest.fixture(scope="module")
def old(simulate: Simulate) -> Simulated:
    return simulate("demo_old", OLD)


def _one(connection: SourceConnection, query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return (cursor.fetchone() or (None,))[0]


@pytest.fixture(scope="module")
def twin_of_old(simulate: Simulate) -> Simulated:
    """The same plan as `old` in another database; one test lets it live on."""
    return simulate("demo_old_twin", OLD)


def test_the_years_follow_from_how_many_patients_there_have_been() -> None:
    assert (natural_years(2_000), natural_years(35_000)) == (3, 30)
    assert PracticePlan(2_000, 3, 1, LAST_DAY).lived_from == date(2023, 11, 21)
    assert PracticePlan(35_000, 30, 1, LAST_DAY).lived_from == date(2023, 11, 21)


def test_the_books_of_all_years_agree_with_the_rows(old: Simulated) -> None:
    truth = old.truth()
    assert truth["patients"] >= OLD.patients
    assert min(day for day, f in truth["days"].items() if f["production"] != "0.00") < "2000"
    with session.connect(old.endpoint) as connection:
        accounts.assert_figures_agree(connection, truth)
        accounts.assert_aging_agrees(connection, truth)


def test_rows_written_side_by_side_are_the_same_each_time(
    old: Simulated, twin_of_old: Simulated
) -> None:
    assert twin_of_old.checksums == old.checksums
    assert twin_of_old.built_truth == old.built_truth


def test_an_old_practice_lives_on_and_its_books_keep_up(twin_of_old: Simulated) -> None:
    advance(twin_of_old.endpoint, days=5, truth=twin_of_old.truth_path)
    truth = twin_of_old.truth()
    assert truth["last_day"] > OLD.until.isoformat()
    with session.connect(twin_of_old.endpoint) as connection:
        accounts.assert_figures_agree(connection, truth)
        accounts.assert_aging_agrees(connection, truth)


def test_every_documented_code_is_a_known_one_in_the_past_too(old: Simulated) -> None:
    with session.connect(old.endpoint) as connection, connection.cursor() as cursor:
        for table, column, codes in coded_columns():
            name = f"{session.quote(table)}.{session.quote(column)}"
            cursor.execute(f"select distinct {name} from {session.quote(table)}")
            strange = {value for (value,) in cursor.fetchall() if value is not None} - codes
            assert not strange, name


@pytest.mark.parametrize(
    "orphans",
    [
        "securityloghash left join securitylog p using (SecurityLogNum)",
        "sheetfield left join sheet p using (SheetNum)",
        "periomeasure left join perioexam p using (PerioExamNum)",
        "statementprod left join statement p using (StatementNum)",
        "procnote left join procedurelog p using (ProcNum)",
        "procgroupitem c left join procedurelog p using (ProcNum)",
        "treatplanattach c left join treatplan p using (TreatPlanNum)",
        "insbluebook c left join claim p using (ClaimNum)",
        "insbluebooklog c left join claimproc p using (ClaimProcNum)",
        "eobattach c left join claimpayment p using (ClaimPaymentNum)",
        "fee c left join feesched p on p.FeeSchedNum = c.FeeSched",
        "benefit c left join insplan p using (PlanNum)",
        "patplan c left join inssub p using (InsSubNum)",
        "document c left join patient p using (PatNum)",
        "recall c left join patient p using (PatNum)",
        "patient c left join patient p on p.PatNum = c.Guarantor",
    ],
)
def test_rows_made_in_bulk_belong_to_others(old: Simulated, orphans: str) -> None:
    parent = orphans.split("join ")[1].split(" ")[0]
    key = schema.tables()[parent].key
    with session.connect(old.endpoint) as connection:
        table = orphans.split(" ")[0]
        assert _one(connection, f"select count(*) from {session.quote(table)}") > 0
        query = f"select count(*) from {orphans} where p.{session.quote(key)} is null"
        assert _one(connection, query) == 0


def _ask_for_what_is_missing(endpoint: Endpoint) -> None:
    with Background(endpoint) as background:
        background.do(lambda cursor: cursor.execute("select 1 from no_such_table"))


def test_what_fails_in_the_background_is_raised_where_somebody_waits(old: Simulated) -> None:
    with pytest.raises(SourceError, match="Run the same command again"):
        _ask_for_what_is_missing(old.endpoint)


def test_closed_accounts_net_discounts_and_keep_credits_apart() -> None:
    closed = ClosedYears()
    produce, pay = closed.account(Kind.PRODUCTION), closed.account(Kind.SPLIT)
    discount = closed.account(Kind.ADJUSTMENT, is_tied=True)
    produce(1, 730_000, 10_000, 7, 2)
    discount(1, 730_000, -1_500, 7, 2)
    pay(1, 730_001, 8_000, 7, 2)
    pay(1, 730_002, -500, 8, 1)
    closed.seal()
    assert list(closed.accounts()) == [(1, 9_000, 8_000)]
    assert [(patient, cents) for patient, _, cents in closed.changes()] == [
        (1, 8_500), (1, -8_000), (1, 500)
    ]  # fmt: skip
    figures = {(day.toordinal(), name): cents for day, name, cents in closed.figures()}
    assert figures == {
        (730_000, "production"): 10_000,
        (730_000, "adjustments"): -1_500,
        (730_001, "patient_income"): 8_000,
        (730_002, "patient_income"): -500,
    }
    month = date.fromordinal(730_000).replace(day=1)
    assert {(place, name): cents for place, name, cents in closed.places()} == {
        ((month, 2, 7), "production"): 10_000,
        ((month, 2, 7), "adjustments"): -1_500,
        ((month, 2, 7), "patient_income"): 8_000,
        ((month, 1, 8), "patient_income"): -500,
    }
