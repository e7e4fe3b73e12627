"""Service date view: the account of each patient by the day of service.

Hidden prepayments are in. Balances are charges less credits less insurance credits; the credits
of a procedure stand beside its charge for information, and are rows of their own, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from tests.transform.reports.ledger import (
    AGE_CREDITS_AND_DEBITS,
    AGE_CREDITS_ONLY,
    CREDIT,
    DEBIT,
    DO_NOT_AGE,
    NOT_RECEIVED,
    plans_version,
)
from tests.transform.reports.plan_links import ADJUSTMENT_LINK, PROCEDURE_LINK, LinkCredits
from tests.transform.reports.practice import EMPTY, Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, ZERO, capitation_writeoffs, fee

PAID = (1, 4, 5)
WRITTEN_OFF = (1, 4)

# What is not more than this is no write-off and no override.
SMALLEST = Decimal("0.005")


def calculate(practice: Practice) -> list[Row]:
    """Return a row per entry on the account of a patient who exists."""
    patients = practice.by_key("patient", "PatNum")
    return [
        {**row, "guarantor_id": identity(patients[row["patient_id"]]["Guarantor"])}
        for row in _entries(practice)
        if row["patient_id"] in patients
    ]


def _entries(practice: Practice) -> Iterator[Row]:
    yield from _procedures(practice)
    yield from _adjustments(practice)
    yield from _payments(practice)
    yield from _insurance(practice)
    version = plans_version(practice)
    if version == DO_NOT_AGE:
        for row in practice.rows("payplan"):
            yield _entry(
                "payment_plan",
                {**row, "ProvNum": 0},
                (row["PayPlanDate"], row["PayPlanDate"]),
                credit=row["CompletedAmt"],
            )
    if version == AGE_CREDITS_AND_DEBITS:
        yield from _plan_charges(practice)
    if version == AGE_CREDITS_ONLY:
        # Here credits of days to come are shown.
        for row in practice.rows("payplancharge"):
            if row["ChargeType"] == CREDIT:
                yield _plan_credit(row)
    if version in (AGE_CREDITS_AND_DEBITS, AGE_CREDITS_ONLY):
        yield from _links(practice)


def _entry(
    entry_type: str,
    row: Row,
    dates: tuple[date, date],
    *,
    charge: Decimal = ZERO,
    credit: Decimal = ZERO,
) -> dict[str, object]:
    """Return an entry of a row by the days of its service and of its transaction."""
    service_on, transaction_on = dates
    procedure_id = identity(row.get("ProcNum", 0))
    return {
        "entry_type": entry_type,
        "patient_id": row["PatNum"],
        "service_on": day(service_on),
        "transaction_on": day(transaction_on),
        "procedure_id": procedure_id,
        "provider_id": identity(row["ProvNum"]),
        "charge_amount": charge,
        "credit_amount": credit,
        "procedure_credit_amount": ZERO,
        "insurance_credit_amount": ZERO,
        "is_allocated": procedure_id is not None,
    }


def _procedures(practice: Practice) -> Iterator[Row]:
    codes = practice.by_key("procedurecode", "CodeNum")
    capitation = capitation_writeoffs(practice)
    adjustments = practice.grouped("adjustment", "ProcNum")
    splits = practice.grouped("paysplit", "ProcNum")
    claim_procedures = practice.grouped("claimproc", "ProcNum")
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] != COMPLETE or row["CodeNum"] not in codes:
            continue
        number = row["ProcNum"]
        credited = sum((split["SplitAmt"] for split in splits[number]), ZERO)
        credited -= sum((adjustment["AdjAmt"] for adjustment in adjustments[number]), ZERO)
        expected = ZERO
        for claimed in claim_procedures[number]:
            if claimed["Status"] in PAID:
                credited += claimed["WriteOff"] + claimed["InsPayAmt"]
            elif claimed["Status"] == NOT_RECEIVED:
                expected += claimed["WriteOff"] + claimed["InsPayEst"]
        charge = fee(row) - capitation.get(number, ZERO)
        yield {
            # The view prints no day of transaction beside a procedure.
            **_entry("procedure", row, (row["ProcDate"], EMPTY), charge=charge),
            "procedure_credit_amount": credited,
            "insurance_credit_amount": expected,
        }


def _adjustments(practice: Practice) -> Iterator[Row]:
    for row in practice.rows("adjustment"):
        amount = row["AdjAmt"]
        dates = (row["AdjDate"] if row["ProcDate"] == EMPTY else row["ProcDate"], row["AdjDate"])
        yield _entry("adjustment", row, dates, charge=max(amount, ZERO), credit=max(-amount, ZERO))


def _payments(practice: Practice) -> Iterator[Row]:
    procedures = practice.by_key("procedurelog", "ProcNum")
    with_plans = plans_version(practice) == AGE_CREDITS_AND_DEBITS
    for row in practice.rows("paysplit"):
        if with_plans or not row["PayPlanNum"]:
            procedure = procedures.get(row["ProcNum"])
            served_on = procedure["ProcDate"] if procedure else row["DatePay"]
            dates = (served_on, row["DatePay"])
            yield _entry("patient_payment", row, dates, credit=row["SplitAmt"])


def _insurance(practice: Practice) -> Iterator[Row]:
    for row in practice.rows("claimproc"):
        dates = (row["ProcDate"] if row["ProcNum"] else row["DateCP"], row["DateCP"])
        if row["Status"] in PAID and not row["PayPlanNum"] and row["InsPayAmt"] != 0:
            yield _entry("insurance_payment", row, dates, credit=row["InsPayAmt"])
        if row["Status"] in WRITTEN_OFF and abs(row["WriteOff"]) > SMALLEST:
            yield _entry("writeoff", row, dates, credit=row["WriteOff"])
        elif row["Status"] == NOT_RECEIVED:
            yield _entry("writeoff", row, dates)


def _plan_charges(practice: Practice) -> Iterator[Row]:
    plans = practice.by_key("payplan", "PayPlanNum")
    for row in practice.rows("payplancharge"):
        if row["ChargeDate"] > practice.today:
            continue
        plan = plans.get(row["PayPlanNum"])
        if row["ChargeType"] == CREDIT:
            yield _plan_credit(row)
        elif row["ChargeType"] == DEBIT and plan and not plan["PlanNum"]:
            owed = row["Principal"] + row["Interest"]
            yield _entry("payment_plan_debit", row, (row["ChargeDate"],) * 2, charge=owed)


def _plan_credit(charge: Row) -> Row:
    """Return a credit of a plan: a type that is tied to no procedure, even if it names one."""
    dates = (charge["ChargeDate"], charge["ChargeDate"])
    entry = _entry("payment_plan_credit", charge, dates, credit=charge["Principal"])
    return {**entry, "is_allocated": False}


def _links(practice: Practice) -> Iterator[Row]:
    """Yield the credits of dynamic plans by the day when the link was made."""
    plans = practice.by_key("payplan", "PayPlanNum")
    procedures = practice.by_key("procedurelog", "ProcNum")
    adjustments = practice.by_key("adjustment", "AdjNum")
    computed = LinkCredits(practice)
    for link in practice.rows("payplanlink"):
        plan = plans.get(link["PayPlanNum"])
        procedure = procedures.get(link["FKey"])
        adjustment = adjustments.get(link["FKey"])
        if plan is None:
            continue
        if link["LinkType"] == PROCEDURE_LINK and procedure:
            item, credit = procedure, computed.of_procedure(procedure)
        elif link["LinkType"] == ADJUSTMENT_LINK and adjustment and not adjustment["ProcNum"]:
            item, credit = adjustment, computed.of_adjustment(adjustment)
        else:
            continue
        if abs(link["AmountOverride"]) > SMALLEST:
            credit = link["AmountOverride"]
        made_at = link["SecDateTEntry"]
        yield _entry(
            "payment_plan_link",
            {"PatNum": plan["PatNum"], "ProvNum": item["ProvNum"]},
            (made_at, made_at),
            credit=credit,
        )
