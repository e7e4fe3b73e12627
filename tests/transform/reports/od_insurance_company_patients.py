"""Patients by insurance company: the subscribers whose subscription somebody uses.

The form asks for the beginning of the carrier's name; without it every carrier is listed.
"""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row


def calculate(practice: Practice) -> list[Row]:
    """Return one row per subscription in use whose plan, carrier and subscriber exist."""
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")
    patients = practice.by_key("patient", "PatNum")
    in_use = {row["InsSubNum"] for row in practice.rows("patplan")}
    rows: list[Row] = []
    for subscription in practice.rows("inssub"):
        plan = plans.get(subscription["PlanNum"])
        if (
            plan is not None
            and plan["CarrierNum"] in carriers
            and subscription["Subscriber"] in patients
            and subscription["InsSubNum"] in in_use
        ):
            rows.append(
                {
                    "subscription_id": subscription["InsSubNum"],
                    # The subscriber, not those who are covered through the subscription.
                    "patient_id": subscription["Subscriber"],
                    "carrier_id": plan["CarrierNum"],
                    "insurance_plan_id": plan["PlanNum"],
                    "group_name": plan["GroupName"],
                }
            )
    return rows
