"""Adjustments of accounts: discounts, charges, and what is written off."""

from __future__ import annotations

from dataclasses import dataclass

from simulator import audit
from simulator.books import Cents, Kind, Posting
from simulator.world import Patient, Practice, Procedure

SENIOR_AGE = 65


@dataclass(slots=True, eq=False)
class EnteredAdjustment:
    """An adjustment that may still be corrected."""

    num: int
    patient: Patient
    amount: Cents
    work: Procedure | None


def discount(practice: Practice, patient: Patient, *, done: list[Procedure]) -> None:
    """Give members, seniors, staff and payers of cash something off, tied to the work."""
    if patient.discount_percent:
        name, percent = "Discount plan", patient.discount_percent
    elif patient.age(practice.day) >= SENIOR_AGE and not patient.covers and practice.chance(0.8):
        name, percent = "Senior discount", 5
    elif not patient.covers and practice.chance(0.08):
        name, percent = "Cash discount", 10
    elif practice.chance(0.01):
        name, percent = "Staff discount", 30
    else:
        return
    for work in done:
        amount = -(work.remaining * percent // 100)
        if amount < 0:
            adjust(practice, patient, amount=amount, name=name, work=work)


def adjust(
    practice: Practice,
    patient: Patient,
    *,
    amount: Cents,
    name: str,
    work: Procedure | None = None,
) -> int:
    """Write an adjustment, tied to work or to none; return its number."""
    day, user = practice.day, practice.desk_user()
    num = practice.journal.insert(
        "adjustment",
        AdjDate=day,
        AdjAmt=amount / 100,
        PatNum=patient.num,
        AdjType=practice.definition(name),
        ProvNum=work.provider if work else patient.provider,
        ClinicNum=work.clinic if work else patient.clinic,
        AdjNote="",
        ProcDate=work.completed_on if work else day,
        ProcNum=work.num if work else 0,
        DateEntry=day,
        SecUserNumEntry=user,
    )
    if work is not None:
        work.adjusted += amount
        posting = work.posting(day, amount, is_tied=True)
    else:
        posting = Posting(
            patient.num, day, amount, provider=patient.provider, clinic=patient.clinic
        )
    practice.books.post(Kind.ADJUSTMENT, num, posting)
    practice.recent.remember("adjustment", EnteredAdjustment(num, patient, amount, work))
    audit.log(
        practice, "AdjustmentCreate", user=user, patient=patient.num, text="Adjustment entered"
    )
    return num
