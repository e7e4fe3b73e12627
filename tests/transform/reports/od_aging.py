"""Aging of accounts receivable by family: write-offs are not aged, income transfers count."""

from __future__ import annotations

from datetime import date

from tests.transform.reports.aging import (
    BUCKETS,
    Family,
    age_families,
    last_payments,
    payment_plan_dues,
)
from tests.transform.reports.practice import Practice, Row, identity
from tests.transform.reports.rules import ZERO, rounded


def calculate(practice: Practice, as_of: date) -> list[Row]:
    """Return a row per family whose guarantor exists and which has any figure other than 0."""
    patients = practice.by_key("patient", "PatNum")
    families = age_families(practice, as_of)
    dues = payment_plan_dues(practice, as_of)
    paid_on = last_payments(practice, as_of)
    historic = as_of != practice.today
    rows: list[Row] = []
    for guarantor in sorted({*families, *dues}):
        family = families.get(guarantor, Family())
        figures = {
            **{
                f"balance_{name}_amount": rounded(amount)
                for name, amount in zip(BUCKETS, family.buckets, strict=True)
            },
            "balance_total_amount": rounded(family.balance),
            "undated_amount": rounded(family.undated),
            "insurance_pay_estimate_amount": rounded(family.insurance_pay_estimate),
            "insurance_writeoff_estimate_amount": rounded(family.insurance_writeoff_estimate),
            "payment_plan_due_amount": rounded(dues.get(guarantor, ZERO)),
            "unapplied_credit_amount": rounded(family.credit),
            "future_amount": rounded(family.future),
        }
        # Of the printed figures, so that it adds up with them.
        figures["patient_portion_amount"] = (
            figures["balance_total_amount"]
            - figures["insurance_pay_estimate_amount"]
            - figures["insurance_writeoff_estimate_amount"]
        )
        head = patients.get(guarantor)
        if head is None or not any(figures.values()):
            continue
        rows.append(
            {
                "as_of_on": as_of,
                "guarantor_id": guarantor,
                "is_historic": historic,
                "is_recomputed": historic,
                **figures,
                "last_payment_on": paid_on.get(guarantor),
                "billing_type_id": identity(head["BillingType"]),
                "primary_provider_id": identity(head["PriProv"]),
                "clinic_id": identity(head["ClinicNum"]),
                "is_in_default_report": family.has_bucket,
            }
        )
    return rows
