"""Finance charges: the adjustments of the type that the practice charges them with."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity


def calculate(practice: Practice) -> list[Row]:
    """Return a row per finance charge, under the patient's own provider and billing type."""
    patients = practice.by_key("patient", "PatNum")
    type_ = int(practice.preference("FinanceChargeAdjustmentType") or "0")
    rows: list[Row] = []
    for row in practice.rows("adjustment"):
        patient = patients.get(row["PatNum"])
        if patient is None or row["AdjType"] != type_:
            continue
        rows.append(
            {
                "adjustment_id": row["AdjNum"],
                "adjustment_on": day(row["AdjDate"]),
                "patient_id": row["PatNum"],
                "primary_provider_id": identity(patient["PriProv"]),
                "billing_type_id": identity(patient["BillingType"]),
                "adjustment_amount": row["AdjAmt"],
            }
        )
    return rows
