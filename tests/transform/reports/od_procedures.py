"""Procedures: completed ones by the day of service, as a list and for the groups by code."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, capitation_writeoffs, fee


def calculate(practice: Practice) -> list[Row]:
    """Return a row per completed procedure that one of the two reports shows."""
    capitation = capitation_writeoffs(practice)
    codes = practice.by_key("procedurecode", "CodeNum")
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    categories = practice.by_key("definition", "DefNum")
    rows: list[Row] = []
    for row in practice.rows("procedurelog"):
        code = codes.get(row["CodeNum"])
        if row["ProcStatus"] != COMPLETE or code is None:
            continue
        is_individual = row["PatNum"] in patients and row["ProvNum"] in providers
        is_grouped = code["ProcCat"] in categories
        if not is_individual and not is_grouped:
            continue
        rows.append(
            {
                "procedure_id": row["ProcNum"],
                "procedure_on": day(row["ProcDate"]),
                "patient_id": identity(row["PatNum"]),
                "provider_id": identity(row["ProvNum"]),
                "clinic_id": identity(row["ClinicNum"]),
                "procedure_code_id": row["CodeNum"],
                "procedure_code": code["ProcCode"].upper(),
                "procedure_category_id": identity(code["ProcCat"]),
                "production_amount": fee(row) - capitation[row["ProcNum"]],
                "is_in_individual_report": is_individual,
                "is_in_grouped_report": is_grouped,
            }
        )
    return rows
