"""Provider payroll: production and income by the days that the software sets and nobody edits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tests.transform.reports.practice import Practice, Row, identity
from tests.transform.reports.production import RECEIVED, Entry, Key, key, summed
from tests.transform.reports.rules import (
    CAPITATION_COMPLETE,
    COMPLETE,
    fee,
    hidden_unearned_types,
    snapshot_writeoffs,
)


def calculate(practice: Practice) -> list[Row]:
    """Return a row per day, provider, clinic and patient; one of zeros only is not printed."""
    rows: list[Row] = []
    for (on, provider, clinic, patient), sums in summed(_entries(practice)).items():
        production = sums["production_amount"]
        estimate = sums["writeoff_estimate_amount"]
        adjustment = sums["adjustment_amount"]
        difference = sums["writeoff_difference_amount"]
        allocated = sums["allocated_patient_income_amount"]
        insurance = sums["insurance_income_amount"]
        rows.append(
            {
                "business_on": on,
                "provider_id": provider,
                "clinic_id": clinic,
                "patient_id": patient,
                "production_amount": production,
                "writeoff_estimate_amount": estimate,
                "adjustment_amount": adjustment,
                "writeoff_difference_amount": difference,
                "net_production_amount": production + estimate + adjustment + difference,
                "allocated_patient_income_amount": allocated,
                "unallocated_patient_income_amount": sums["unallocated_patient_income_amount"],
                "insurance_income_amount": insurance,
                "insurance_not_finalized_amount": sums["insurance_not_finalized_amount"],
                # Neither unallocated nor not finalized money is in it.
                "net_income_amount": allocated + insurance,
            }
        )
    return rows


def bad_debt_types(practice: Practice) -> frozenset[int]:
    """Return the types of adjustments that payroll leaves out; an empty list acts as type 0."""
    listed = practice.preference("BadDebtAdjustmentTypes")
    return frozenset(int(number) for number in (listed or "0").split(",") if number.strip())


def _entries(practice: Practice) -> Iterator[Entry]:
    yield from _production(practice)
    yield from _original_estimates(practice)
    bad_debt = bad_debt_types(practice)
    for row in practice.rows("adjustment"):
        if row["AdjType"] not in bad_debt:
            yield Entry("adjustment_amount", _key(row, row["DateEntry"]), row["AdjAmt"])
    yield from _patient_income(practice)
    yield from _claims(practice)


def _key(row: Row, on: date) -> Key:
    return (*key(on, row["ProvNum"], row["ClinicNum"]), identity(row["PatNum"]))


def _production(practice: Practice) -> Iterator[Entry]:
    """Yield the fees of completed procedures; capitation takes nothing off.

    The report counts a procedure once for each of its claim procedures of capitation.
    """
    claims = practice.grouped("claimproc", "ProcNum")
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] == COMPLETE:
            statuses = [claim["Status"] for claim in claims[row["ProcNum"]]]
            times = max(1, statuses.count(CAPITATION_COMPLETE))
            yield Entry("production_amount", _key(row, row["DateComplete"]), times * fee(row))


def _original_estimates(practice: Practice) -> Iterator[Entry]:
    """Yield the estimates of claims under their procedure, whatever the status of either."""
    snapshots = practice.by_key("claimsnapshot", "ClaimProcNum")
    estimates = snapshot_writeoffs(practice)
    procedures = practice.by_key("procedurelog", "ProcNum")
    for claim in practice.rows("claimproc"):
        row = procedures.get(claim["ProcNum"])
        if row is not None and claim["ClaimProcNum"] in snapshots:
            amount = -estimates[claim["ClaimProcNum"]]
            yield Entry("writeoff_estimate_amount", _key(row, row["DateComplete"]), amount)


def _patient_income(practice: Practice) -> Iterator[Entry]:
    hidden = hidden_unearned_types(practice)
    for row in practice.rows("paysplit"):
        if row["IsDiscount"] or row["UnearnedType"] in hidden:
            continue
        kind = "allocated" if row["ProcNum"] else "unallocated"
        yield Entry(f"{kind}_patient_income_amount", _key(row, row["DateEntry"]), row["SplitAmt"])


def _claims(practice: Practice) -> Iterator[Entry]:
    """Yield what the receipt of a claim brings; only income asks for a status."""
    checks = practice.by_key("claimpayment", "ClaimPaymentNum")
    estimates = snapshot_writeoffs(practice)
    for row in practice.rows("claimproc"):
        where = _key(row, row["DateSuppReceived"])
        difference = estimates[row["ClaimProcNum"]] - row["WriteOff"]
        yield Entry("writeoff_difference_amount", where, difference)
        if row["ClaimPaymentNum"] in checks and row["Status"] in RECEIVED:
            yield Entry("insurance_income_amount", where, row["InsPayAmt"])
        if not row["ClaimPaymentNum"]:
            yield Entry("insurance_not_finalized_amount", where, row["InsPayAmt"])
