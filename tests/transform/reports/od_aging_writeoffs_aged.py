"""Aging with write-offs aged, which insurance aging begins from.

What is expected to be written off is taken off on the day of treatment.
"""

from __future__ import annotations

from datetime import date

from tests.transform.reports.aging import BUCKETS, age_families
from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import rounded


def calculate(practice: Practice, as_of: date) -> list[Row]:
    """Return a row per family whose guarantor exists and which has any figure other than 0."""
    patients = practice.by_key("patient", "PatNum")
    historic = as_of != practice.today
    rows: list[Row] = []
    for guarantor, family in age_families(practice, as_of, writeoffs_aged=True).items():
        figures = {
            **{
                f"balance_{name}_amount": rounded(amount)
                for name, amount in zip(BUCKETS, family.buckets, strict=True)
            },
            "balance_total_amount": rounded(family.balance),
            "insurance_pay_estimate_amount": rounded(family.insurance_pay_estimate),
            "insurance_writeoff_estimate_amount": rounded(family.insurance_writeoff_estimate),
        }
        if guarantor in patients and any(figures.values()):
            rows.append(
                {
                    "as_of_on": as_of,
                    "guarantor_id": guarantor,
                    "is_historic": historic,
                    "is_recomputed": historic,
                    **figures,
                }
            )
    return rows
