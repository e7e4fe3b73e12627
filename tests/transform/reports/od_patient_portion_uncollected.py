"""Patient portion uncollected: what patients owe for a procedure and have not paid.

Each procedure is as in a run of the report over its own day.
"""

from __future__ import annotations

from decimal import Decimal

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import (
    COMPLETE,
    ZERO,
    capitation_writeoffs,
    fee,
    hidden_unearned_types,
)

NOT_RECEIVED = 0
RECEIVED = (1, 4)

# What is not more than this is collected.
SMALLEST = Decimal("0.005")


def calculate(practice: Practice) -> list[Row]:
    """Return a row per completed procedure of which anything is uncollected."""
    patients = practice.by_key("patient", "PatNum")
    codes = practice.by_key("procedurecode", "CodeNum")
    capitation = capitation_writeoffs(practice)
    claim_procedures = practice.grouped("claimproc", "ProcNum")
    adjustments = practice.grouped("adjustment", "ProcNum")
    hidden = hidden_unearned_types(practice)
    splits = [row for row in practice.rows("paysplit") if row["UnearnedType"] not in hidden]
    rows: list[Row] = []
    for procedure in practice.rows("procedurelog"):
        number = procedure["ProcNum"]
        code = codes.get(procedure["CodeNum"])
        if procedure["ProcStatus"] != COMPLETE or procedure["PatNum"] not in patients or not code:
            continue
        charged = fee(procedure) - capitation.get(number, ZERO)
        portion = charged - _insurance(claim_procedures[number])
        adjusted = ZERO
        for row in adjustments[number]:
            if row["ProcDate"] == procedure["ProcDate"]:
                paid = [split["SplitAmt"] for split in splits if split["AdjNum"] == row["AdjNum"]]
                # Oddity: an adjustment counts once for each payment on it.
                adjusted += row["AdjAmt"] * max(1, len(paid)) - sum(paid, ZERO)
        payment = sum((row["SplitAmt"] for row in splits if row["ProcNum"] == number), ZERO)
        uncollected = portion + adjusted - payment
        if uncollected > SMALLEST:
            rows.append(
                {
                    "procedure_id": number,
                    "procedure_on": day(procedure["ProcDate"]),
                    "patient_id": procedure["PatNum"],
                    "provider_id": identity(procedure["ProvNum"]),
                    "clinic_id": identity(procedure["ClinicNum"]),
                    "procedure_code": code["ProcCode"].upper(),
                    "fee_amount": charged,
                    "patient_portion_amount": portion,
                    "adjustment_amount": adjusted,
                    "payment_amount": payment,
                    "uncollected_amount": uncollected,
                }
            )
    return rows


def _insurance(claim_procedures: list[Row]) -> Decimal:
    """Return what insurers paid, or are expected to pay, and wrote off."""
    amount = ZERO
    for row in claim_procedures:
        if row["Status"] == NOT_RECEIVED:
            amount += row["InsPayEst"] + row["WriteOff"]
        elif row["Status"] in RECEIVED:
            amount += row["InsPayAmt"] + row["WriteOff"]
    return amount
