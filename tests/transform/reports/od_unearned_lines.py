"""Unearned line items: each split that is unearned, under its own provider and clinic."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.unearned import unearned_splits


def calculate(practice: Practice) -> list[Row]:
    """Return a row per unearned split whose patient exists."""
    return [
        {
            "payment_split_id": row["SplitNum"],
            "paid_on": day(row["DatePay"]),
            "patient_id": row["PatNum"],
            "provider_id": identity(row["ProvNum"]),
            "clinic_id": identity(row["ClinicNum"]),
            "unearned_type_id": row["UnearnedType"],
            "split_amount": row["SplitAmt"],
        }
        for row in unearned_splits(practice)
    ]
