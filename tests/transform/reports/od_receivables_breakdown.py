"""Receivables breakdown, by day and provider; the running balance is the sum of all earlier days.

It differs from the aging in many ways: it joins nothing, so a claim procedure counts whatever its
procedure is. `date_basis` says whether write-offs stand under the day of the payment or of the
treatment; all else is the same under both. Of several link credits of one day the report counts
any one; here all are summed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from tests.transform.reports.ledger import (
    AGE_CREDITS_AND_DEBITS,
    CREDIT,
    DEBIT,
    plans_version,
    ties_rows,
)
from tests.transform.reports.plan_links import ADJUSTMENT_LINK, PROCEDURE_LINK, LinkCredits
from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, ZERO, fee, hidden_unearned_types

PAY_DATE = "pay_date"
PROCEDURE_DATE = "procedure_date"

# How each column moves the daily change.
SIGNS = {
    "production_amount": 1,
    "payment_plan_credit_amount": -1,
    "payment_plan_link_credit_amount": -1,
    "payment_plan_charge_amount": 1,
    "adjustment_amount": 1,
    "writeoff_amount": -1,
    "patient_payment_amount": -1,
    "insurance_payment_amount": -1,
}

WRITEOFF_STATUSES = {PAY_DATE: (1, 4, 5, 7), PROCEDURE_DATE: (0, 1, 4, 5, 7)}
WRITEOFF_DATES = {PAY_DATE: "DateCP", PROCEDURE_DATE: "ProcDate"}
PAID_STATUSES = (1, 4, 5, 7)

# The column, the day, the provider and the amount of what moved the accounts.
Entry = tuple[str, date, int, Decimal]


def calculate(practice: Practice) -> list[Row]:
    """Return a row per basis, business date and provider on which there is any row."""
    rows: list[Row] = []
    for basis in (PAY_DATE, PROCEDURE_DATE):
        sums: dict[tuple[date | None, int | None], dict[str, Decimal]] = defaultdict(
            lambda: dict.fromkeys(SIGNS, ZERO)
        )
        for column, on, provider, amount in _entries(practice, basis):
            sums[day(on), identity(provider)][column] += amount
        for (business_on, provider_id), columns in sums.items():
            change = sum((sign * columns[name] for name, sign in SIGNS.items()), ZERO)
            rows.append(
                {
                    "date_basis": basis,
                    "business_on": business_on,
                    "provider_id": provider_id,
                    **columns,
                    "daily_change_amount": change,
                }
            )
    return rows


def _entries(practice: Practice, basis: str) -> Iterator[Entry]:
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] == COMPLETE:
            yield "production_amount", row["ProcDate"], row["ProvNum"], fee(row)
    for row in practice.rows("claimproc"):
        if row["Status"] in WRITEOFF_STATUSES[basis]:
            on = row[WRITEOFF_DATES[basis]]
            yield "writeoff_amount", on, row["ProvNum"], row["WriteOff"]
    yield from _adjustments(practice)
    yield from _payments(practice)
    # In other versions the report has no columns for payment plans.
    if plans_version(practice) == AGE_CREDITS_AND_DEBITS:
        yield from _plan_charges(practice)
        yield from _link_credits(practice)


def _adjustments(practice: Practice) -> Iterator[Entry]:
    for row in practice.rows("adjustment"):
        # Each row for itself, unlike the aging, which dates the sum of a procedure's rows.
        moved = ties_rows(practice) and row["ProcNum"] and row["AdjAmt"] < 0
        on = row["ProcDate"] if moved else row["AdjDate"]
        yield "adjustment_amount", on, row["ProvNum"], row["AdjAmt"]


def _payments(practice: Practice) -> Iterator[Entry]:
    hidden = hidden_unearned_types(practice)
    plans_apart = plans_version(practice) != AGE_CREDITS_AND_DEBITS
    for row in practice.rows("paysplit"):
        if row["UnearnedType"] not in hidden and not (plans_apart and row["PayPlanNum"]):
            yield "patient_payment_amount", row["DatePay"], row["ProvNum"], row["SplitAmt"]
    for row in practice.rows("claimproc"):
        if row["Status"] in PAID_STATUSES and not (plans_apart and row["PayPlanNum"]):
            yield "insurance_payment_amount", row["DateCP"], row["ProvNum"], row["InsPayAmt"]


def _plan_charges(practice: Practice) -> Iterator[Entry]:
    """Yield credits and debits; those of insurance plans are among them."""
    for row in practice.rows("payplancharge"):
        if row["ChargeType"] == CREDIT:
            yield "payment_plan_credit_amount", row["ChargeDate"], row["ProvNum"], row["Principal"]
        elif row["ChargeType"] == DEBIT:
            owed = row["Principal"] + row["Interest"]
            yield "payment_plan_charge_amount", row["ChargeDate"], row["ProvNum"], owed


def _link_credits(practice: Practice) -> Iterator[Entry]:
    """Yield what the links come to: oddity, whatever was entered, and if not completed, too."""
    column = "payment_plan_link_credit_amount"
    plans = practice.by_key("payplan", "PayPlanNum")
    procedures = practice.by_key("procedurelog", "ProcNum")
    adjustments = practice.by_key("adjustment", "AdjNum")
    computed = LinkCredits(practice)
    for link in practice.rows("payplanlink"):
        if link["PayPlanNum"] not in plans:
            continue
        procedure = procedures.get(link["FKey"])
        adjustment = adjustments.get(link["FKey"])
        if link["LinkType"] == PROCEDURE_LINK and procedure:
            amount = computed.of_procedure(procedure)
            yield column, procedure["ProcDate"], procedure["ProvNum"], amount
        elif link["LinkType"] == ADJUSTMENT_LINK and adjustment:
            amount = computed.of_adjustment(adjustment)
            yield column, adjustment["AdjDate"], adjustment["ProvNum"], amount
