"""The books' report totals agree with the second calculation of the reports, whatever the settings.

The second calculation reads the practice's rows and knows nothing of the simulator, nor of the
models that it is otherwise held against.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from include.source import session
from simulator import PracticePlan, advance
from simulator.settings import settings_of
from tests.simulator.simulated import LAST_DAY, Simulate, Simulated
from tests.transform import truth as told
from tests.transform.equality.calculations import calculate
from tests.transform.equality.source import read_practice

# Between them they have every value of every setting.
SEEDS = (3, 4, 5, 6)
# Tables whose rows belong to the clinic of a procedure, a patient, a room or a check.
OF_A_CLINIC = (
    "adjustment",
    "appointment",
    "claim",
    "claimpayment",
    "claimproc",
    "histappointment",
    "operatory",
    "patient",
    "payment",
    "payplancharge",
    "paysplit",
    "procedurelog",
    "proctp",
    "providercliniclink",
)


@pytest.fixture(scope="module", params=SEEDS)
def office(simulate: Simulate, request: pytest.FixtureRequest) -> Simulated:
    """A small practice that has lived on for some days after it was built."""
    plan = PracticePlan(patients=120, years=2, seed=request.param, until=LAST_DAY)
    built = simulate(f"demo_office_{plan.seed}", plan)
    advance(built.endpoint, days=3, truth=built.truth_path)
    return built


def test_the_seeds_have_every_setting_between_them() -> None:
    settings = [settings_of(seed) for seed in SEEDS]
    assert {one.plans_version for one in settings} == {1, 2, 3, 4}
    assert {one.clinics for one in settings} == {0, 2}
    assert {one.ties_rows for one in settings} == {True, False}
    assert {settings_of(seed).writeoff_mode for seed in range(9)} == {0, 1, 2}
    default = settings_of(1)
    assert (default.clinics, default.plans_version, default.writeoff_mode) == (2, 2, 0)


def test_the_books_agree_with_the_second_calculation_of_every_report(office: Simulated) -> None:
    truth = office.truth()
    last_day = truth["last_day"]
    practice = read_practice(office.endpoint, date.fromisoformat(last_day))

    def rows(report: str) -> told.Rows:
        return calculate(report, practice, as_of=practice.today)

    income, payments = rows("od_production_income"), rows("od_daily_payments")
    assert told.income(income, last_day) == told.true_income(truth)
    assert told.places(income, last_day) == told.true_places(truth)
    assert told.receipts(payments) == told.true_receipts(truth)
    assert told.payments(payments) == told.true_payments(truth)
    assert told.aging(rows("od_aging")) == told.true_aging(truth)
    assert told.plans(rows("od_payment_plans")) == told.true_plans(truth)
    assert all((told.true_places(truth), told.true_aging(truth), told.true_plans(truth)))


def test_rows_belong_to_a_clinic_where_there_are_clinics(office: Simulated) -> None:
    clinics = _clinics(office.truth())
    with session.connect(office.endpoint) as connection, connection.cursor() as cursor:
        for table in OF_A_CLINIC:
            cursor.execute(f"select distinct ClinicNum from {table}")
            found = {number for (number,) in cursor.fetchall()}
            assert found <= clinics, table
        cursor.execute("select ValueString from preference where PrefName = 'EasyNoClinics'")
        assert cursor.fetchone() == ("1" if clinics == {0} else "0",)
        # Families pay for work at both clinics at once.
        cursor.execute(
            "select PayNum from paysplit group by 1 having count(distinct ClinicNum) > 1"
        )
        assert bool(cursor.fetchall()) == (len(clinics) > 1)


def _clinics(truth: Mapping[str, Any]) -> set[int]:
    return {1, 2} if truth["settings"]["clinics"] else {0}
