"""Referral analysis: what patients who were referred to the practice have had done.

The form opens with this month, listed providers and all patients, not only new ones. A patient is
new on `first_procedure_on`: the first visit with a listed provider, as the form's choice of
providers decides.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import ZERO, fee, listed_providers
from tests.transform.reports.visits import visit_procedures

REFERRED_FROM = 1


def calculate(practice: Practice) -> list[Row]:
    """Return one row per referral, patient, day and provider: in full for each of the referrals."""
    referrals = practice.by_key("referral", "ReferralNum")
    listed = listed_providers(practice)
    referred: dict[int, set[int]] = defaultdict(set)
    for row in practice.rows("refattach"):
        if row["RefType"] == REFERRED_FROM and row["ReferralNum"] in referrals:
            referred[row["PatNum"]].add(row["ReferralNum"])
    sums: dict[tuple[int, date, int], Decimal] = defaultdict(lambda: ZERO)
    first: dict[int, date] = {}
    for procedure in visit_procedures(practice):
        number, on, provider = procedure["PatNum"], procedure["ProcDate"], procedure["ProvNum"]
        sums[number, on, provider] += fee(procedure)
        if provider in listed:
            # An empty date is the earliest of all.
            first[number] = min(on, first.get(number, date.max))
    return [
        {
            "referral_id": referral,
            "patient_id": number,
            "business_on": day(on),
            "provider_id": identity(provider),
            "first_procedure_on": day(first[number]) if number in first else None,
            "production_amount": amount,
            "is_listed_provider": provider in listed,
        }
        for (number, on, provider), amount in sums.items()
        for referral in referred[number]
    ]
