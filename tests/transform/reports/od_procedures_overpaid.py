"""Procedures overpaid: insurers, patients and adjustments together paid more than the fee.

All dates are taken. `is_listed_provider` stands for the form's "all providers".
"""

from __future__ import annotations

from decimal import Decimal

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import (
    COMPLETE,
    ZERO,
    fee,
    hidden_unearned_types,
    listed_providers,
)

# Completed capitation claims (7) are not among them.
INSURANCE_STATUSES = (0, 1, 3, 4, 5)


def calculate(practice: Practice) -> list[Row]:
    """Return a row per overpaid procedure."""
    codes = practice.by_key("procedurecode", "CodeNum")
    qualifying = _qualifying_procedures(practice)
    hidden = hidden_unearned_types(practice)
    listed = listed_providers(practice)
    # Money counts only if it is of a patient who has such a procedure, on whosever procedure: for
    # the report over the listed providers one of theirs.
    patients = {row["PatNum"] for row in qualifying}
    of_listed = {row["PatNum"] for row in qualifying if row["ProvNum"] in listed}
    claim_procedures = practice.grouped("claimproc", "ProcNum")
    all_splits = practice.grouped("paysplit", "ProcNum")
    all_adjustments = practice.grouped("adjustment", "ProcNum")
    rows: list[Row] = []
    for procedure in qualifying:
        number = procedure["ProcNum"]
        counted = of_listed if procedure["ProvNum"] in listed else patients
        claimed = [
            row
            for row in claim_procedures[number]
            if row["PatNum"] in counted and row["Status"] in INSURANCE_STATUSES
        ]
        splits = [
            row
            for row in all_splits[number]
            if row["PatNum"] in counted and row["UnearnedType"] not in hidden
        ]
        adjustments = [row for row in all_adjustments[number] if row["PatNum"] in counted]
        insured, writeoff = _total(claimed, "InsPayAmt"), _total(claimed, "WriteOff")
        if insured + writeoff <= 0:
            insured = writeoff = ZERO
        paid = _total(splits, "SplitAmt")
        adjusted = _total(adjustments, "AdjAmt")
        overpaid = fee(procedure) - insured - writeoff - paid + adjusted
        if overpaid < 0:
            rows.append(
                {
                    "procedure_id": number,
                    "procedure_on": day(procedure["ProcDate"]),
                    "patient_id": procedure["PatNum"],
                    "provider_id": identity(procedure["ProvNum"]),
                    "clinic_id": identity(procedure["ClinicNum"]),
                    "procedure_code": codes[procedure["CodeNum"]]["ProcCode"].upper(),
                    "fee_amount": fee(procedure),
                    "insurance_paid_amount": insured,
                    "writeoff_amount": writeoff,
                    "patient_paid_amount": paid,
                    "adjustment_amount": adjusted,
                    "overpaid_amount": overpaid,
                    "has_insurance_or_writeoff": insured != 0 or writeoff != 0,
                    "is_dated_apart": any(
                        row["ProcDate"] != procedure["ProcDate"] for row in claimed
                    ),
                    "is_listed_provider": procedure["ProvNum"] in listed,
                }
            )
    return rows


def _qualifying_procedures(practice: Practice) -> list[Row]:
    patients = practice.by_key("patient", "PatNum")
    codes = practice.by_key("procedurecode", "CodeNum")
    providers = practice.by_key("provider", "ProvNum")
    return [
        row
        for row in practice.rows("procedurelog")
        if row["ProcStatus"] == COMPLETE
        and row["ProcFee"] >= 0
        and row["PatNum"] in patients
        and row["CodeNum"] in codes
        and row["ProvNum"] in providers
    ]


def _total(rows: list[Row], column: str) -> Decimal:
    return sum((row[column] for row in rows), ZERO)
