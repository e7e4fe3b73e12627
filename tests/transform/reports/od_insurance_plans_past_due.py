"""Insurance payment plans past due: open plans of which an insurer has not paid a charge in time.

`is_in_default_report` marks those overdue for the form's 30 days, whose provider is listed.
"""

from __future__ import annotations

from decimal import Decimal

from tests.transform.reports.ledger import DEBIT
from tests.transform.reports.practice import EMPTY, Practice, Row, day, identity
from tests.transform.reports.rules import ZERO, listed_providers

RECEIVED = (1, 4)
DAYS_OVERDUE = 30


def calculate(practice: Practice) -> list[Row]:
    """Return a row per open insurance plan with an overdue charge."""
    insurance_plans = practice.by_key("insplan", "PlanNum")
    charges = practice.grouped("payplancharge", "PayPlanNum")
    payments = practice.grouped("claimproc", "PayPlanNum")
    listed = listed_providers(practice)
    rows: list[Row] = []
    for plan in practice.rows("payplan"):
        if not plan["PlanNum"] or plan["IsClosed"]:
            continue
        debits = sorted(
            (row for row in charges[plan["PayPlanNum"]] if row["ChargeType"] == DEBIT),
            key=lambda row: (row["ChargeDate"], row["PayPlanChargeNum"]),
        )
        paid = [row for row in payments[plan["PayPlanNum"]] if row["Status"] in RECEIVED]
        overdue = {
            index: rest
            for index, rest in enumerate(_rests(debits, paid))
            if debits[index]["ChargeDate"] < practice.today and rest > 0
        }
        if not overdue:
            continue
        days = (practice.today - debits[min(overdue)]["ChargeDate"]).days
        insurance_plan = insurance_plans.get(plan["PlanNum"])
        rows.append(
            {
                "payment_plan_id": plan["PayPlanNum"],
                "as_of_on": practice.today,
                "patient_id": identity(plan["PatNum"]),
                "carrier_id": identity(insurance_plan["CarrierNum"]) if insurance_plan else None,
                "provider_id": identity(debits[0]["ProvNum"]),
                "clinic_id": identity(debits[0]["ClinicNum"]),
                "last_payment_on": day(max((row["DateCP"] for row in paid), default=EMPTY)),
                "overdue_count": len(overdue),
                "overdue_amount": sum(overdue.values(), ZERO),
                "days_overdue": days,
                "is_in_default_report": days >= DAYS_OVERDUE and debits[0]["ProvNum"] in listed,
            }
        )
    return rows


def _rests(debits: list[Row], payments: list[Row]) -> list[Decimal]:
    """Return what the payments leave of each charge: each pays the earliest, its interest first.

    What is taken back (a payment below 0) opens no charge again.
    """
    rests = [[row["Interest"], row["Principal"]] for row in debits]
    for payment in sorted(payments, key=lambda row: (row["DateCP"], row["ClaimProcNum"])):
        amount = payment["InsPayAmt"]
        for rest in rests:
            for part, owed in enumerate(rest):
                if amount > 0:
                    applied = min(amount, owed)
                    rest[part] -= applied
                    amount -= applied
    return [sum(rest, ZERO) for rest in rests]
