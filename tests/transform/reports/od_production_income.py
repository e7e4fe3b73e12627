"""Production and income: the daily, the monthly and the annual report, in each write-off mode.

They differ by design. The daily report joins, filters and dates in ways of its own; the annual
report is the monthly one without what is scheduled.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.production import (
    BY_CLAIM,
    CLAIMED,
    MODES,
    RECEIVED,
    Entry,
    adjustments,
    default_mode,
    key,
    monthly_production,
    production,
    production_columns,
    summed,
    writeoff_estimates,
    writeoffs,
)
from tests.transform.reports.rules import (
    COMPLETE,
    capitation_writeoffs,
    fee,
    hidden_unearned_types,
    snapshot_writeoffs,
)

# The daily report takes smaller write-offs for none.
SMALLEST_WRITEOFF = Decimal("0.0001")


def calculate(practice: Practice) -> list[Row]:
    """Return a row per report, write-off mode, business date, provider and clinic."""
    default = default_mode(practice)
    reported = _reported_providers(practice)
    rows: list[Row] = []
    for name, entries_of in (("daily", _daily), ("monthly", _monthly), ("annual", _annual)):
        for mode in MODES:
            for (on, provider, clinic), sums in summed(entries_of(practice, mode)).items():
                patient = sums["patient_income_amount"] + sums["unearned_income_amount"]
                insurance = sums["insurance_income_amount"]
                rows.append(
                    {
                        "report_name": name,
                        "writeoff_mode_code": mode,
                        "is_default_writeoff_mode": mode == default,
                        "business_on": on,
                        "provider_id": provider,
                        "clinic_id": clinic,
                        "is_in_provider_report": provider is None or provider in reported,
                        **production_columns(sums),
                        "scheduled_discount_amount": sums["scheduled_discount_amount"],
                        "patient_income_amount": sums["patient_income_amount"],
                        "unearned_income_amount": sums["unearned_income_amount"],
                        "total_patient_income_amount": patient,
                        "insurance_income_amount": insurance,
                        "total_income_amount": patient + insurance,
                    }
                )
    return rows


def _reported_providers(practice: Practice) -> frozenset[int]:
    """Return the providers of the provider report: those hidden on reports are among them."""
    return frozenset(row["ProvNum"] for row in practice.rows("provider") if row["ProvStatus"] != 1)


def _monthly(practice: Practice, mode: int) -> Iterator[Entry]:
    yield from monthly_production(practice, mode)
    yield from _patient_income(practice)
    yield from _insurance_income(practice)


def _annual(practice: Practice, mode: int) -> Iterator[Entry]:
    """Yield what the month has, less everything that is scheduled."""
    yield from production(practice)
    yield from adjustments(practice)
    yield from writeoffs(practice, mode)
    if mode == BY_CLAIM:
        yield from writeoff_estimates(practice)
    yield from _patient_income(practice)
    yield from _insurance_income(practice)


def _daily(practice: Practice, mode: int) -> Iterator[Entry]:
    yield from _daily_production(practice)
    yield from _daily_adjustments(practice)
    if mode == BY_CLAIM:
        yield from writeoffs(practice, mode)
        yield from _daily_writeoff_estimates(practice)
    else:
        for entry in writeoffs(practice, mode):
            if abs(entry.amount) > SMALLEST_WRITEOFF:
                yield entry
    yield from _daily_patient_income(practice)
    yield from _daily_insurance_income(practice)


def _patient_income(practice: Practice) -> Iterator[Entry]:
    """Yield the splits that are no discounts, whether or not their payment exists."""
    for row in _shown_splits(practice):
        if not row["IsDiscount"]:
            where = key(row["DatePay"], row["ProvNum"], row["ClinicNum"])
            yield Entry(_income_column(row), where, row["SplitAmt"])


def _daily_patient_income(practice: Practice) -> Iterator[Entry]:
    """Yield the splits of payments, discounts included, by the day of the payment."""
    payments = practice.by_key("payment", "PayNum")
    for row in _shown_splits(practice):
        payment = payments.get(row["PayNum"])
        if payment is not None:
            # The report prints the split's own day, and looks for the payment's.
            where = key(payment["PayDate"], row["ProvNum"], row["ClinicNum"])
            yield Entry(_income_column(row), where, row["SplitAmt"])


def _shown_splits(practice: Practice) -> Iterator[Row]:
    hidden = hidden_unearned_types(practice)
    for row in practice.rows("paysplit"):
        if row["UnearnedType"] not in hidden:
            yield row


def _income_column(split: Row) -> str:
    return "unearned_income_amount" if split["UnearnedType"] else "patient_income_amount"


def _insurance_income(practice: Practice) -> Iterator[Entry]:
    """Yield what checks pay, whatever the status; what is on no check is no income."""
    checks = practice.by_key("claimpayment", "ClaimPaymentNum")
    for row in practice.rows("claimproc"):
        check = checks.get(row["ClaimPaymentNum"])
        if check is not None:
            where = key(check["CheckDate"], row["ProvNum"], row["ClinicNum"])
            yield Entry("insurance_income_amount", where, row["InsPayAmt"])


def _daily_insurance_income(practice: Practice) -> Iterator[Entry]:
    checks = practice.by_key("claimpayment", "ClaimPaymentNum")
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")
    for row in practice.rows("claimproc"):
        check = checks.get(row["ClaimPaymentNum"])
        plan = plans.get(row["PlanNum"])
        if check is None or plan is None or row["Status"] not in RECEIVED:
            continue
        if plan["CarrierNum"] not in carriers:
            continue
        if row["PatNum"] in patients and row["ProvNum"] in providers:
            where = key(check["CheckDate"], row["ProvNum"], row["ClinicNum"])
            yield Entry("insurance_income_amount", where, row["InsPayAmt"])


def _daily_production(practice: Practice) -> Iterator[Entry]:
    capitation = capitation_writeoffs(practice)
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    codes = practice.by_key("procedurecode", "CodeNum")
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] != COMPLETE:
            continue
        if row["PatNum"] in patients and row["ProvNum"] in providers and row["CodeNum"] in codes:
            where = key(row["ProcDate"], row["ProvNum"], row["ClinicNum"])
            yield Entry("production_amount", where, fee(row) - capitation[row["ProcNum"]])


def _daily_adjustments(practice: Practice) -> Iterator[Entry]:
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    types = practice.by_key("definition", "DefNum")
    for row in practice.rows("adjustment"):
        if row["PatNum"] in patients and row["ProvNum"] in providers and row["AdjType"] in types:
            where = key(row["AdjDate"], row["ProvNum"], row["ClinicNum"])
            yield Entry("adjustment_amount", where, row["AdjAmt"])


def _daily_writeoff_estimates(practice: Practice) -> Iterator[Entry]:
    """Yield the estimates of claims whose procedure is there, whatever its status."""
    snapshots = practice.by_key("claimsnapshot", "ClaimProcNum")
    estimates = snapshot_writeoffs(practice)
    procedures = practice.by_key("procedurelog", "ProcNum")
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    codes = practice.by_key("procedurecode", "CodeNum")
    for row in practice.rows("claimproc"):
        snapshot = snapshots.get(row["ClaimProcNum"])
        procedure = procedures.get(row["ProcNum"])
        if row["Status"] not in CLAIMED or snapshot is None or procedure is None:
            continue
        if procedure["CodeNum"] not in codes or procedure["PatNum"] not in patients:
            continue
        if row["ProvNum"] in providers:
            # The provider is the claim procedure's, the clinic the procedure's.
            where = key(snapshot["DateTEntry"], row["ProvNum"], procedure["ClinicNum"])
            yield Entry("writeoff_estimate_amount", where, -estimates[row["ClaimProcNum"]])
