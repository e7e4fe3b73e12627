"""Write-offs of preferred provider plans, in each mode."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.production import (
    BY_CLAIM,
    CLAIMED,
    MODES,
    default_mode,
    written_off,
    written_off_on,
)
from tests.transform.reports.rules import ZERO, snapshot_writeoffs

PREFERRED_PROVIDER = "P"
NOT_RECEIVED = 0


def calculate(practice: Practice) -> list[Row]:
    """Return a row per mode and claim procedure of a preferred provider plan with a carrier.

    Those without a write-off count. The report by claim needs a patient and a provider, the one by
    carrier does not.
    """
    default = default_mode(practice)
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    snapshots = practice.by_key("claimsnapshot", "ClaimProcNum")
    estimates = snapshot_writeoffs(practice)
    rows: list[Row] = []
    for row in practice.rows("claimproc"):
        plan = plans.get(row["PlanNum"])
        if plan is None or plan["PlanType"].upper() != PREFERRED_PROVIDER:
            continue
        if plan["CarrierNum"] not in carriers:
            continue
        estimate = estimates[row["ClaimProcNum"]]
        for mode in MODES:
            if mode == BY_CLAIM:
                snapshot = snapshots.get(row["ClaimProcNum"])
                if row["Status"] not in CLAIMED or snapshot is None:
                    continue
                on = snapshot["DateTEntry"]
                # A claim that is not received still has its estimate, and no change.
                is_open = row["Status"] == NOT_RECEIVED
                writeoff, expected = estimate, estimate if is_open else row["WriteOff"]
                change = ZERO if is_open else estimate - row["WriteOff"]
            else:
                if not written_off(row, mode):
                    continue
                on = written_off_on(row, mode)
                writeoff = expected = row["WriteOff"]
                change = ZERO
            rows.append(
                {
                    "writeoff_mode_code": mode,
                    "claim_procedure_id": row["ClaimProcNum"],
                    "is_default_writeoff_mode": mode == default,
                    "business_on": day(on),
                    "claim_id": identity(row["ClaimNum"]),
                    "patient_id": identity(row["PatNum"]),
                    "provider_id": identity(row["ProvNum"]),
                    "carrier_id": plan["CarrierNum"],
                    "billed_amount": row["FeeBilled"],
                    "writeoff_amount": -writeoff,
                    "writeoff_adjustment_amount": change,
                    "ppo_fee_amount": row["FeeBilled"] - expected,
                    "is_in_individual_report": row["PatNum"] in patients
                    and row["ProvNum"] in providers,
                }
            )
    return rows
