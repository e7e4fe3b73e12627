"""Write-offs, in each mode; positive is written off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.production import (
    BY_CLAIM,
    BY_PAYMENT,
    BY_PROCEDURE,
    CLAIMED,
    default_mode,
    written_off,
    written_off_on,
)
from tests.transform.reports.rules import BLANK, ZERO, listed_providers, snapshot_writeoffs

# Smaller ones are none: of a write-off, and of how payment has changed an estimate.
SMALLEST_WRITEOFF = Decimal("0.0001")
SMALLEST_CHANGE = Decimal("0.005")

Found = tuple[int, str, Row, date, Decimal]


def calculate(practice: Practice) -> list[Row]:
    """Return a row per mode, kind and claim procedure; nothing that it names has to exist."""
    default = default_mode(practice)
    listed = listed_providers(practice)
    plans = practice.by_key("insplan", "PlanNum")
    found = [*_writeoffs(practice), *_estimates(practice), *_changes(practice)]
    rows: list[Row] = []
    for mode, kind, row, on, amount in found:
        plan = plans.get(row["PlanNum"])
        rows.append(
            {
                "writeoff_mode_code": mode,
                "writeoff_kind": kind,
                "claim_procedure_id": row["ClaimProcNum"],
                "is_default_writeoff_mode": mode == default,
                "business_on": day(on),
                "patient_id": identity(row["PatNum"]),
                "provider_id": identity(row["ProvNum"]),
                "clinic_id": identity(row["ClinicNum"]),
                "insurance_plan_id": identity(row["PlanNum"]),
                "carrier_id": identity(plan["CarrierNum"]) if plan else None,
                "writeoff_amount": amount,
                "is_listed_provider": row["ProvNum"] in listed,
            }
        )
    return rows


def _writeoffs(practice: Practice) -> Iterator[Found]:
    for mode in (BY_PAYMENT, BY_PROCEDURE):
        for row in practice.rows("claimproc"):
            if written_off(row, mode) and abs(row["WriteOff"]) > SMALLEST_WRITEOFF:
                yield mode, "writeoff", row, written_off_on(row, mode), row["WriteOff"]


def _estimates(practice: Practice) -> Iterator[Found]:
    """Yield what claims estimated; snapshots below 0, which production counts, are left out.

    The form asks for stamps up to and including the midnight after its last day, so it shows a
    stamp of midnight on two days; here it counts once.
    """
    snapshots = practice.by_key("claimsnapshot", "ClaimProcNum")
    for row in practice.rows("claimproc"):
        snapshot = snapshots.get(row["ClaimProcNum"])
        if row["Status"] in CLAIMED and snapshot is not None and snapshot["Writeoff"] > 0:
            yield BY_CLAIM, "estimate", row, snapshot["DateTEntry"], snapshot["Writeoff"]


def _changes(practice: Practice) -> Iterator[Found]:
    """Yield how payment has changed the estimates, with the opposite sign of production's."""
    estimates = snapshot_writeoffs(practice)
    for row in practice.rows("claimproc"):
        writeoff = ZERO if row["WriteOff"] == BLANK else row["WriteOff"]
        amount = writeoff - estimates[row["ClaimProcNum"]]
        if written_off(row, BY_CLAIM) and abs(amount) > SMALLEST_CHANGE:
            yield BY_CLAIM, "adjustment", row, written_off_on(row, BY_CLAIM), amount
