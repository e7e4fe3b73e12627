"""New patients: who had the first completed procedure, and what all their treatment came to.

The form opens with this month and patients without production as well; nothing but its dates is a
choice of default.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, ZERO, fee
from tests.transform.reports.visits import visit_procedures

REFERRED_FROM = 1


def calculate(practice: Practice) -> list[Row]:
    """Return one row per patient of any status with a completed procedure that is a visit."""
    # An empty date is the earliest of all: such a patient is new on no day.
    first: dict[int, date] = {}
    for procedure in visit_procedures(practice):
        number = procedure["PatNum"]
        first[number] = min(procedure["ProcDate"], first.get(number, date.max))
    # Everything completed at any time counts, broken appointments too.
    production: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for procedure in practice.rows("procedurelog"):
        if procedure["ProcStatus"] == COMPLETE:
            production[procedure["PatNum"]] += fee(procedure)
    referrals = first_referrals(practice)
    return [
        {
            "patient_id": patient["PatNum"],
            "first_procedure_on": day(first[patient["PatNum"]]),
            "primary_provider_id": identity(patient["PriProv"]),
            "clinic_id": identity(patient["ClinicNum"]),
            "referral_id": referrals.get(patient["PatNum"]),
            "production_amount": production[patient["PatNum"]],
        }
        for patient in practice.rows("patient")
        if patient["PatNum"] in first
    ]


def first_referrals(practice: Practice) -> dict[int, int | None]:
    """Return who referred each patient: of several the lowest in order, of these the first row.

    The report prints one row for each of several that are equally low.
    """
    attachments = sorted(
        (row for row in practice.rows("refattach") if row["RefType"] == REFERRED_FROM),
        key=lambda row: (row["ItemOrder"], row["RefAttachNum"]),
    )
    found: dict[int, int | None] = {}
    for row in attachments:
        found.setdefault(row["PatNum"], identity(row["ReferralNum"]))
    return found
