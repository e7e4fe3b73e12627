"""Procedure fees: what each fee schedule asks for a code. It holds no production."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, identity
from tests.transform.reports.rules import BLANK


def calculate(practice: Practice) -> list[Row]:
    """Return a row per fee; a blank one, which the report leaves out at first, has no amount."""
    codes = practice.by_key("procedurecode", "CodeNum")
    rows: list[Row] = []
    for row in practice.rows("fee"):
        code = codes.get(row["CodeNum"])
        rows.append(
            {
                "fee_id": row["FeeNum"],
                "fee_schedule_id": identity(row["FeeSched"]),
                "procedure_code_id": identity(row["CodeNum"]),
                "clinic_id": identity(row["ClinicNum"]),
                "provider_id": identity(row["ProvNum"]),
                "procedure_code": code["ProcCode"].upper() if code else None,
                "procedure_category_id": identity(code["ProcCat"]) if code else None,
                "fee_amount": None if row["Amount"] == BLANK else row["Amount"],
            }
        )
    return rows
