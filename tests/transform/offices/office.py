"""The order in which an office comes about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from tests.transform.offices import (
    balances,
    chairs,
    claims,
    clinical,
    insurance,
    losses,
    money,
    payment_plans,
    people,
    settings,
    treatment,
)
from tests.transform.offices.draft import Draft
from tests.transform.offices.neutral import neutral_row
from tests.transform.reports.practice import Practice

# Together they have every value of every setting and rows on both sides of every edge.
SEEDS = range(10)
_FIRST_TODAY = date(2024, 2, 29)


def bare_practices() -> Mapping[str, Practice]:
    """Return the practices that have next to nothing: no row at all, and one patient."""
    patient = {**neutral_row("patient"), "PatNum": 1, "Guarantor": 1}
    return {
        "empty": Practice({}, _FIRST_TODAY),
        "one patient": Practice({"patient": [patient]}, _FIRST_TODAY),
    }


def random_office(seed: int, *, today: date | None = None, lost_references: int = 0) -> Practice:
    """Return the office of a seed, on a day of its own unless another one is named.

    So many references of each column, beside the few of every office, name rows that are gone.
    """
    day = today or _FIRST_TODAY + timedelta(days=seed * 37)
    draft = Draft(seed, day, lost_references=lost_references)
    for step in (
        settings.define,
        settings.open_clinics,
        people.employ,
        people.register,
        treatment.list_codes,
        clinical.list_recall_types,
        insurance.insure,
        insurance.price,
        chairs.furnish_rooms,
        chairs.open_hours,
        chairs.make_appointments,
        treatment.treat,
        treatment.present,
        claims.pay_claims,
        claims.claim,
        money.adjust,
        payment_plans.agree,
        money.receive,
        clinical.recall,
        clinical.write_notes,
        clinical.refer,
        clinical.prescribe,
        clinical.grant_discounts,
        settings.prefer,
        losses.lose,
        losses.lose_references,
        losses.leave_nothing_to_chance,
        balances.stamp_edits,
        balances.store_balances,
    ):
        step(draft)
    return Practice(tables=draft.tables, today=draft.today)
