"""The balances that Open Dental stores on the guarantor's row beside those computed as of today.

The stored ones are as of the day of the last run of its aging (preference DateLastAging) or a
later save on the family's account; on other members they are 0. A difference is stored less
computed. Its reason is the first that explains it:

- 'rounding': no figure differs by more than what is rounded away;
- 'earlier_run': the last run was on another day, and only the age of what is owed has changed;
- 'future_link': the family has a credit of a link dated later; a run for one family leaves it out;
- 'edited_since': a row of the family was edited on the day of the last run or later;
- 'our_rule': none of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from tests.transform.reports.aging import (
    BUCKETS,
    Family,
    age_families,
    families_of,
    payment_plan_dues,
)
from tests.transform.reports.ledger import LINK_CREDIT, transactions
from tests.transform.reports.practice import EMPTY, Practice, Row
from tests.transform.reports.rules import ZERO, rounded

BALANCE = "balance_total_amount"

# The columns that hold them, by the names that the mart has for the figures.
STORED = {
    BALANCE: "BalTotal",
    "balance_0_30_amount": "Bal_0_30",
    "balance_31_60_amount": "Bal_31_60",
    "balance_61_90_amount": "Bal_61_90",
    "balance_over_90_amount": "BalOver90",
    "insurance_estimate_amount": "InsEst",
    "payment_plan_due_amount": "PayPlanDue",
}
NOTHING = dict.fromkeys(STORED, ZERO)
ROUNDED_AWAY = Decimal("0.001")

# When a row of the ledger was last edited.
EDITED_AT = {
    "procedurelog": "DateTStamp",
    "claimproc": "SecDateTEdit",
    "adjustment": "SecDateTEdit",
    "paysplit": "SecDateTEdit",
    "payplancharge": "SecDateTEdit",
}

Figures = Mapping[str, Decimal]


def calculate(practice: Practice) -> list[Row]:
    """Return a row per guarantor who exists, whether or not anything differs."""
    patients = practice.by_key("patient", "PatNum")
    guarantors = {row["Guarantor"] for row in patients.values()} & patients.keys()
    computed = _figures(practice)
    last_run = _last_run(practice)
    linked_later = _linked_later(practice)
    edited_on = _last_edits(practice)
    rows: list[Row] = []
    for guarantor in sorted(guarantors):
        stored = {name: Decimal(patients[guarantor][column]) for name, column in STORED.items()}
        ours = computed.get(guarantor, NOTHING)
        reason = None
        if stored != ours:
            reason = _reason(
                stored,
                ours,
                is_run_today=last_run == practice.today,
                has_future_link=guarantor in linked_later,
                is_edited=last_run is not None and edited_on.get(guarantor, EMPTY) >= last_run,
            )
        rows.append(
            {
                "guarantor_id": guarantor,
                **{f"stored_{name}": amount for name, amount in stored.items()},
                **{f"computed_{name}": amount for name, amount in ours.items()},
                "difference_amount": stored[BALANCE] - ours[BALANCE],
                "difference_reason": reason,
            }
        )
    return rows


def _figures(practice: Practice) -> Mapping[int, Figures]:
    """Return what a run on the practice's day stores for each guarantor."""
    families = age_families(practice, practice.today)
    dues = payment_plan_dues(practice, practice.today)
    figures = {}
    for guarantor in {*families, *dues}:
        family = families.get(guarantor, Family())
        estimate = family.insurance_pay_estimate + family.insurance_writeoff_estimate
        figures[guarantor] = {
            BALANCE: rounded(family.balance),
            **{
                f"balance_{name}_amount": rounded(amount)
                for name, amount in zip(BUCKETS, family.buckets, strict=True)
            },
            "insurance_estimate_amount": rounded(estimate),
            "payment_plan_due_amount": rounded(dues.get(guarantor, ZERO)),
        }
    return figures


def _reason(
    stored: Figures,
    ours: Figures,
    *,
    is_run_today: bool,
    has_future_link: bool,
    is_edited: bool,
) -> str:
    if all(abs(stored[name] - ours[name]) <= ROUNDED_AWAY for name in STORED):
        return "rounding"
    if not is_run_today and stored[BALANCE] == ours[BALANCE]:
        return "earlier_run"
    if has_future_link:
        return "future_link"
    return "edited_since" if is_edited else "our_rule"


def _linked_later(practice: Practice) -> set[int]:
    """Return the guarantors whose family has a credit of a link that is dated after today."""
    family_of = families_of(practice)
    return {
        family_of[row.patient]
        for row in transactions(practice, practice.today)
        if row.kind == LINK_CREDIT and row.on > practice.today and row.amount != 0
        if row.patient in family_of
    }


def _last_run(practice: Practice) -> date | None:
    """Return the day of the last run of the aging; None if there was none."""
    value = practice.preference("DateLastAging")
    return date.fromisoformat(value[:10]) if value else None


def _last_edits(practice: Practice) -> Mapping[int, date]:
    """Return by guarantor the day on which a row of the family's ledger was last edited."""
    family_of = families_of(practice)
    edits: dict[int, date] = {}
    for table, column in EDITED_AT.items():
        for row in practice.rows(table):
            guarantor = family_of.get(row["PatNum"])
            if guarantor is not None:
                edits[guarantor] = max(edits.get(guarantor, EMPTY), row[column].date())
    return edits
