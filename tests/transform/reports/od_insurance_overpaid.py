"""Insurance overpaid: insurers paid and wrote off more than the fee.

The report matches payments with fees by procedure, or by patient and date of service; the second
way finds payments of whole claims, too. All dates are taken.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, ZERO, fee, rounded

PAID = (1, 4, 5, 7)


def calculate(practice: Practice) -> list[Row]:
    """Return a row per procedure, and per patient and date of service, that is overpaid."""
    return [*_by_procedure(practice), *_by_patient_and_date(practice)]


def _charged_procedures(practice: Practice) -> list[Row]:
    patients = practice.by_key("patient", "PatNum")
    return [
        row
        for row in practice.rows("procedurelog")
        if row["ProcStatus"] == COMPLETE and row["ProcFee"] >= 0 and row["PatNum"] in patients
    ]


def _by_procedure(practice: Practice) -> list[Row]:
    claim_procedures = practice.grouped("claimproc", "ProcNum")
    rows: list[Row] = []
    for procedure in _charged_procedures(practice):
        paid = [row for row in claim_procedures[procedure["ProcNum"]] if row["Status"] in PAID]
        insured = sum((row["InsPayAmt"] + row["WriteOff"] for row in paid), ZERO)
        charged = fee(procedure)
        if _is_overpaid(charged, insured):
            rows.append(
                {
                    "match_kind": "procedure",
                    "procedure_id": procedure["ProcNum"],
                    "patient_id": procedure["PatNum"],
                    "procedure_on": day(procedure["ProcDate"]),
                    "clinic_id": identity(procedure["ClinicNum"]),
                    **_amounts(charged, insured),
                    # The report then depends on its range of dates.
                    "is_dated_apart": any(row["ProcDate"] != procedure["ProcDate"] for row in paid),
                }
            )
    return rows


def _by_patient_and_date(practice: Practice) -> list[Row]:
    insured: dict[tuple[int, date], Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("claimproc"):
        if row["Status"] in PAID:
            insured[row["PatNum"], row["ProcDate"]] += row["InsPayAmt"] + row["WriteOff"]
    charged: dict[tuple[int, date], Decimal] = defaultdict(lambda: ZERO)
    for procedure in _charged_procedures(practice):
        charged[procedure["PatNum"], procedure["ProcDate"]] += fee(procedure)
    return [
        {
            "match_kind": "patient_date",
            "procedure_id": None,
            "patient_id": patient,
            "procedure_on": day(on),
            "clinic_id": None,
            **_amounts(amount, insured[patient, on]),
            # Both sides are of one day by definition.
            "is_dated_apart": False,
        }
        for (patient, on), amount in charged.items()
        if _is_overpaid(amount, insured[patient, on])
    ]


def _is_overpaid(charged: Decimal, insured: Decimal) -> bool:
    return insured > 0 and rounded(charged) < rounded(insured)


def _amounts(charged: Decimal, insured: Decimal) -> Row:
    return {
        "fee_amount": charged,
        "insurance_amount": insured,
        "overpaid_amount": insured - charged,
    }
