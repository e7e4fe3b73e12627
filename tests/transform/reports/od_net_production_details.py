"""Net production detail: what payroll's net production is made of, estimates as of the claim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from tests.transform.reports.od_provider_payroll import bad_debt_types
from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, ZERO, fee, snapshot_writeoffs

AMOUNTS = (
    "gross_amount",
    "original_writeoff_estimate_amount",
    "estimate_less_actual_amount",
    "adjustment_amount",
    "net_production_amount",
)


def calculate(practice: Practice) -> list[Row]:
    """Return the transactions; those whose five amounts are 0 are left out."""
    rows = [*_procedures(practice), *_adjustments(practice), *_claims(practice)]
    return [row for row in rows if any(row[name] for name in AMOUNTS)]


def _procedures(practice: Practice) -> Iterator[Row]:
    """Yield completed procedures, once per snapshot where both insurances have one."""
    snapshots = practice.by_key("claimsnapshot", "ClaimProcNum")
    estimates = snapshot_writeoffs(practice)
    claims = practice.grouped("claimproc", "ProcNum")
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] != COMPLETE:
            continue
        keys = [claim["ClaimProcNum"] for claim in claims[row["ProcNum"]]]
        estimated = [(number, estimates[number]) for number in keys if number in snapshots]
        for claim_procedure, estimate in estimated or [(None, ZERO)]:
            yield {
                **_row("procedure_completed", row, row["DateComplete"]),
                "claim_procedure_id": claim_procedure,
                "gross_amount": fee(row),
                "original_writeoff_estimate_amount": estimate,
                "net_production_amount": fee(row) - estimate,
            }


def _adjustments(practice: Practice) -> Iterator[Row]:
    bad_debt = bad_debt_types(practice)
    for row in practice.rows("adjustment"):
        if row["AdjType"] not in bad_debt:
            yield {
                **_row("production_adjustment", row, row["DateEntry"]),
                "adjustment_id": row["AdjNum"],
                "adjustment_amount": row["AdjAmt"],
                "net_production_amount": row["AdjAmt"],
            }


def _claims(practice: Practice) -> Iterator[Row]:
    estimates = snapshot_writeoffs(practice)
    for row in practice.rows("claimproc"):
        difference: Decimal = estimates[row["ClaimProcNum"]] - row["WriteOff"]
        yield {
            **_row("claim_received", row, row["DateSuppReceived"]),
            "claim_procedure_id": row["ClaimProcNum"],
            "estimate_less_actual_amount": difference,
            "net_production_amount": difference,
        }


def _row(kind: str, row: Row, on: date) -> Row:
    """Return a row of the report with the keys of its source, and no amounts yet."""
    return {
        "transaction_kind": kind,
        "business_on": day(on),
        "provider_id": identity(row["ProvNum"]),
        "clinic_id": identity(row["ClinicNum"]),
        "patient_id": identity(row["PatNum"]),
        "procedure_id": identity(row["ProcNum"]),
        "claim_procedure_id": None,
        "adjustment_id": None,
        **dict.fromkeys(AMOUNTS, ZERO),
    }
