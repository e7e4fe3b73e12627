"""Overcharged dynamic payment plans: links that were charged more than they put on their plan.

`is_in_default_report` marks what the form prints for all patients: links that are overcharged, of
plans that are so in sum, whose procedure or adjustment has a listed provider. Oddity: a link that
the report repeats (see `LinkedItem`) stands here once, with the sums of its repetitions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from tests.transform.reports.ledger import DEBIT
from tests.transform.reports.plan_links import (
    ADJUSTMENT_LINK,
    PROCEDURE_LINK,
    LinkedItem,
    LinkedItems,
)
from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import ZERO, listed_providers, rounded


def calculate(practice: Practice) -> list[Row]:
    """Return a row per link whose plan exists."""
    plans = practice.by_key("payplan", "PayPlanNum")
    items = LinkedItems(practice)
    listed = listed_providers(practice)
    charges = _charges(practice)
    rows: list[Row] = []
    surplus: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for link in practice.rows("payplanlink"):
        plan = plans.get(link["PayPlanNum"])
        if plan is None:
            continue
        item = items.find(link, discounts_planned=False)
        origin = item.row or {"ProvNum": 0, "ClinicNum": 0}
        amounts = _amounts(
            link,
            item,
            charged=charges.get((link["FKey"], link["LinkType"]), ZERO),
            paid=_paid_on_plan(practice, link),
        )
        surplus[plan["PayPlanNum"]] += amounts["charged_amount"] - amounts["on_plan_amount"]
        is_procedure = link["LinkType"] == PROCEDURE_LINK
        is_adjustment = link["LinkType"] == ADJUSTMENT_LINK
        rows.append(
            {
                "payment_plan_link_id": link["PayPlanLinkNum"],
                "payment_plan_id": plan["PayPlanNum"],
                "plan_start_on": day(plan["DatePayPlanStart"]),
                "patient_id": identity(plan["PatNum"]),
                "guarantor_id": identity(plan["Guarantor"]),
                "provider_id": identity(origin["ProvNum"]),
                "clinic_id": identity(origin["ClinicNum"]),
                "link_type_code": link["LinkType"],
                "procedure_id": identity(link["FKey"]) if is_procedure else None,
                "adjustment_id": identity(link["FKey"]) if is_adjustment else None,
                "is_overridden": link["AmountOverride"] != 0,
                **amounts,
                "is_listed_provider": origin["ProvNum"] in listed,
            }
        )
    return [
        {
            **row,
            "is_in_default_report": row["is_listed_provider"]
            and row["overcharged_amount"] > 0
            and surplus[row["payment_plan_id"]] > 0,
        }
        for row in rows
    ]


def _amounts(link: Row, item: LinkedItem, *, charged: Decimal, paid: Decimal) -> Row:
    """Return the amounts of a link, each the sum over the repetitions of the link."""
    is_procedure = link["LinkType"] == PROCEDURE_LINK
    portion = rounded(item.portion, 2) if is_procedure else item.portion
    on_plan = LinkedItem(item.row, portion, item.paid_outside).on_plan(link["AmountOverride"])
    return {
        "patient_portion_amount": portion * len(on_plan),
        "paid_outside_amount": sum(item.paid_outside, ZERO),
        "on_plan_amount": sum(on_plan, ZERO),
        "charged_amount": charged * len(on_plan),
        "overcharged_amount": sum((max(charged - amount, ZERO) for amount in on_plan), ZERO),
        "paid_on_plan_amount": paid * len(on_plan),
        "overpaid_amount": sum((max(paid - amount, ZERO) for amount in on_plan), ZERO),
    }


def _charges(practice: Practice) -> Mapping[tuple[int, int], Decimal]:
    """Return what was charged for each procedure or adjustment, by whichever plan, ever."""
    charges: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("payplancharge"):
        if row["ChargeType"] == DEBIT:
            charges[row["FKey"], row["LinkType"]] += row["Principal"]
    return charges


def _paid_on_plan(practice: Practice, link: Row) -> Decimal:
    """Return what was paid on the link's plan for its procedure or adjustment."""
    columns = {PROCEDURE_LINK: "ProcNum", ADJUSTMENT_LINK: "AdjNum"}
    column = columns.get(link["LinkType"])
    if column is None:
        return ZERO
    return sum(
        (
            row["SplitAmt"]
            for row in practice.rows("paysplit")
            if row["PayPlanNum"] == link["PayPlanNum"] and row[column] == link["FKey"]
        ),
        ZERO,
    )
