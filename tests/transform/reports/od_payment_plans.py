"""Payment plans as of today: what was put on each plan, paid and is due.

The family is that of the plan's guarantor or, where there is none, of its patient; its balance is
as Open Dental stores it. Amounts that are not due are printed in version 2 of plans only.

`is_in_default_report` marks the plans that are not closed. Provider and clinic are those of the
plan's first charge by number (the report takes any), or of a dynamic plan's first link that leads
to a procedure or adjustment.
"""

from __future__ import annotations

from decimal import Decimal

from tests.transform.reports.ledger import AGE_CREDITS_AND_DEBITS, DEBIT, plans_version
from tests.transform.reports.plan_links import LinkedItems
from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import ZERO, hidden_unearned_types, rounded

INSURANCE_PAID = (1, 4, 5)


def calculate(practice: Practice) -> list[Row]:
    """Return a row per payment plan whose patient exists."""
    patients = practice.by_key("patient", "PatNum")
    charges = practice.grouped("payplancharge", "PayPlanNum")
    links = practice.grouped("payplanlink", "PayPlanNum")
    items = LinkedItems(practice)
    prints_not_due = plans_version(practice) == AGE_CREDITS_AND_DEBITS
    rows: list[Row] = []
    for plan in practice.rows("payplan"):
        number = plan["PayPlanNum"]
        if plan["PatNum"] not in patients:
            continue
        debits = [row for row in charges[number] if row["ChargeType"] == DEBIT]
        charged = [row for row in debits if row["ChargeDate"] <= practice.today]
        principal = _total(debits, "Principal")
        if plan["IsDynamic"]:
            principal = _dynamic_principal(links[number], items)
        interest = _total(charged, "Interest")
        paid = _paid(practice, plan)
        balance = principal + interest - paid
        due = _total(charged, "Principal") + interest - paid
        origin = _origin(plan, charges[number], links[number], items)
        payer = patients.get(plan["Guarantor"], patients[plan["PatNum"]])
        head = patients.get(payer["Guarantor"])
        rows.append(
            {
                "payment_plan_id": number,
                "as_of_on": practice.today,
                "plan_on": day(plan["PayPlanDate"]),
                "patient_id": plan["PatNum"],
                "guarantor_id": payer["PatNum"],
                "provider_id": identity(origin["ProvNum"]) if origin else None,
                "clinic_id": identity(origin["ClinicNum"]) if origin else None,
                "is_insurance_plan": plan["PlanNum"] != 0,
                "is_dynamic": bool(plan["IsDynamic"]),
                "is_closed": bool(plan["IsClosed"]),
                "principal_amount": principal,
                "accumulated_interest_amount": interest,
                "paid_amount": paid,
                "balance_amount": balance,
                "due_amount": due,
                "not_due_amount": balance - due if prints_not_due else None,
                "family_balance_amount": head["BalTotal"] - head["InsEst"] if head else None,
                "is_in_default_report": not plan["IsClosed"],
            }
        )
    return rows


def _dynamic_principal(links: list[Row], items: LinkedItems) -> Decimal:
    """Return what the links put on a plan: its charges are made only as they fall due."""
    principal = ZERO
    for link in links:
        item = items.find(link, discounts_planned=True)
        principal += sum(item.on_plan(link["AmountOverride"]), ZERO)
    return rounded(principal, 2)


def _paid(practice: Practice, plan: Row) -> Decimal:
    """Return what the insurer or else the patient paid on a plan."""
    number = plan["PayPlanNum"]
    if plan["PlanNum"]:
        return _total(
            [
                row
                for row in practice.rows("claimproc")
                if row["PayPlanNum"] == number and row["Status"] in INSURANCE_PAID
            ],
            "InsPayAmt",
        )
    hidden = hidden_unearned_types(practice)
    return _total(
        [
            row
            for row in practice.rows("paysplit")
            if row["PayPlanNum"] == number and row["UnearnedType"] not in hidden
        ],
        "SplitAmt",
    )


def _origin(plan: Row, charges: list[Row], links: list[Row], items: LinkedItems) -> Row | None:
    """Return the row whose provider and clinic are the plan's."""
    if charges:
        return min(charges, key=lambda row: row["PayPlanChargeNum"])
    if plan["IsDynamic"]:
        for link in sorted(links, key=lambda row: row["PayPlanLinkNum"]):
            item = items.find(link, discounts_planned=True)
            if item.row is not None:
                return item.row
    return None


def _total(rows: list[Row], column: str) -> Decimal:
    return sum((row[column] for row in rows), ZERO)
