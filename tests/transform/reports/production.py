"""What the reports of production share: write-off modes, sums by key, the monthly components."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import (
    COMPLETE,
    ZERO,
    capitation_writeoffs,
    estimated_writeoff,
    fee,
    snapshot_writeoffs,
)

# Write-offs by the insurer's payment, by procedure, or estimated by claim and corrected by payment.
BY_PAYMENT, BY_PROCEDURE, BY_CLAIM = MODES = (0, 1, 2)

# Statuses of claim procedures: received and supplemental, and the same with not received.
RECEIVED = frozenset({1, 4})
CLAIMED = frozenset({0, 1, 4})

PLANNED = 1
SCHEDULED = 1
ESTIMATE = 6
CAPITATION_ESTIMATE = 8

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Entry:
    """One amount in one column of the row of a report that the key names."""

    column: str
    key: Key
    amount: Decimal


def key(on: date, provider: int, clinic: int) -> Key:
    """Return what most reports of production are keyed by."""
    return day(on), identity(provider), identity(clinic)


def summed(entries: Iterable[Entry]) -> Mapping[Key, Mapping[str, Decimal]]:
    """Return the sums by key and column; a key whose sums are all 0 says nothing and is left out.

    A column without entries is 0.
    """
    sums: dict[Key, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for entry in entries:
        sums[entry.key][entry.column] += entry.amount
    return {where: columns for where, columns in sums.items() if any(columns.values())}


def default_mode(practice: Practice) -> int:
    """Return the write-off mode in which the practice's reports open."""
    value = practice.preference("ReportsPPOwriteoffDefaultToProcDate") or "0"
    # What lies above the last mode acts as the last mode.
    return min(int(value), BY_CLAIM)


def written_off(claim_procedure: Row, mode: int) -> bool:
    """Whether a write-off counts in a mode; in the last, as what is corrected by payment."""
    statuses = CLAIMED if mode == BY_PROCEDURE else RECEIVED
    return claim_procedure["Status"] in statuses


def written_off_on(claim_procedure: Row, mode: int) -> date:
    """Return the day on which a write-off counts in a mode."""
    found: date = claim_procedure["ProcDate" if mode == BY_PROCEDURE else "DateCP"]
    return found


def monthly_production(practice: Practice, mode: int) -> Iterator[Entry]:
    """Yield what the production of the monthly report is made of; nothing is joined to it."""
    yield from production(practice)
    yield from adjustments(practice)
    yield from scheduled(practice)
    yield from writeoffs(practice, mode)
    if mode == BY_CLAIM:
        yield from writeoff_estimates(practice)


def production(practice: Practice) -> Iterator[Entry]:
    """Yield the fees of completed procedures, less what capitation writes off."""
    capitation = capitation_writeoffs(practice)
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] == COMPLETE:
            where = key(row["ProcDate"], row["ProvNum"], row["ClinicNum"])
            yield Entry("production_amount", where, fee(row) - capitation[row["ProcNum"]])


def adjustments(practice: Practice) -> Iterator[Entry]:
    """Yield the adjustments of every type."""
    for row in practice.rows("adjustment"):
        where = key(row["AdjDate"], row["ProvNum"], row["ClinicNum"])
        yield Entry("adjustment_amount", where, row["AdjAmt"])


def scheduled(practice: Practice) -> Iterator[Entry]:
    """Yield the fees, less estimated write-offs, and discounts of what is scheduled.

    An appointment of the past that is still "scheduled" counts.
    """
    appointments = practice.by_key("appointment", "AptNum")
    estimates = _scheduled_estimates(practice)
    for row in practice.rows("procedurelog"):
        appointment = appointments.get(row["AptNum"])
        if row["ProcStatus"] != PLANNED or appointment is None:
            continue
        if appointment["AptStatus"] != SCHEDULED:
            continue
        on = appointment["AptDateTime"]
        # The fee stands under the clinic of the appointment, the discount under the procedure's.
        where = key(on, row["ProvNum"], appointment["ClinicNum"])
        amount = fee(row) - estimates[row["ProcNum"]]
        yield Entry("scheduled_production_amount", where, amount)
        where = key(on, row["ProvNum"], row["ClinicNum"])
        discount = -(row["Discount"] + row["DiscountPlanAmt"])
        yield Entry("scheduled_discount_amount", where, discount)


def writeoffs(practice: Practice, mode: int) -> Iterator[Entry]:
    """Yield the write-offs in a mode; in the last one, how payment has corrected the estimate."""
    estimates = snapshot_writeoffs(practice)
    for row in practice.rows("claimproc"):
        if not written_off(row, mode):
            continue
        where = key(written_off_on(row, mode), row["ProvNum"], row["ClinicNum"])
        if mode == BY_CLAIM:
            # Without a snapshot nothing was estimated, and all of it is a correction.
            correction = estimates[row["ClaimProcNum"]] - row["WriteOff"]
            yield Entry("writeoff_adjustment_amount", where, correction)
        else:
            yield Entry("writeoff_amount", where, -row["WriteOff"])


def writeoff_estimates(practice: Practice) -> Iterator[Entry]:
    """Yield the write-offs that were estimated when the claim was made; no procedure is needed."""
    snapshots = practice.by_key("claimsnapshot", "ClaimProcNum")
    estimates = snapshot_writeoffs(practice)
    for row in practice.rows("claimproc"):
        snapshot = snapshots.get(row["ClaimProcNum"])
        if row["Status"] in CLAIMED and snapshot is not None:
            where = key(snapshot["DateTEntry"], row["ProvNum"], row["ClinicNum"])
            yield Entry("writeoff_estimate_amount", where, -estimates[row["ClaimProcNum"]])


def production_columns(sums: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the columns of production and their total; adjustments hold scheduled discounts."""
    columns = {
        "production_amount": sums["production_amount"],
        "adjustment_amount": sums["adjustment_amount"] + sums["scheduled_discount_amount"],
        "writeoff_amount": sums["writeoff_amount"],
        "writeoff_estimate_amount": sums["writeoff_estimate_amount"],
        "writeoff_adjustment_amount": sums["writeoff_adjustment_amount"],
        "scheduled_production_amount": sums["scheduled_production_amount"],
    }
    return {**columns, "total_production_amount": sum(columns.values(), ZERO)}


def _scheduled_estimates(practice: Practice) -> Mapping[int, Decimal]:
    """Return the write-offs that scheduled production is reduced by, by procedure."""
    counts_insurance = practice.preference("ReportPandIschedProdSubtractsWO", "0") == "1"
    statuses = {ESTIMATE, CAPITATION_ESTIMATE} if counts_insurance else {CAPITATION_ESTIMATE}
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("claimproc"):
        if row["Status"] in statuses:
            sums[row["ProcNum"]] += estimated_writeoff(row)
    return sums
