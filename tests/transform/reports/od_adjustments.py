"""Adjustments by date."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import listed_providers

ADJUSTMENT_TYPES = 1


def calculate(practice: Practice) -> list[Row]:
    """Return a row per adjustment whose type and patient exist.

    As the form opens it asks for listed providers, so its sum is below that of production and
    income by the adjustments of no provider and of deleted and hidden ones.
    """
    types = practice.by_key("definition", "DefNum")
    patients = practice.by_key("patient", "PatNum")
    listed = listed_providers(practice)
    rows: list[Row] = []
    for row in practice.rows("adjustment"):
        type_ = types.get(row["AdjType"])
        if type_ is None or row["PatNum"] not in patients:
            continue
        is_listed = row["ProvNum"] in listed
        rows.append(
            {
                "adjustment_id": row["AdjNum"],
                "adjustment_on": day(row["AdjDate"]),
                "patient_id": identity(row["PatNum"]),
                "provider_id": identity(row["ProvNum"]),
                "clinic_id": identity(row["ClinicNum"]),
                "adjustment_type_id": identity(row["AdjType"]),
                "adjustment_type_name": type_["ItemName"],
                "procedure_id": identity(row["ProcNum"]),
                "adjustment_amount": row["AdjAmt"],
                "is_listed_provider": is_listed,
                # The form offers the types of the category, hidden ones included.
                "is_in_default_report": is_listed and type_["Category"] == ADJUSTMENT_TYPES,
            }
        )
    return rows
