"""Patients on discount plans, whenever the subscription begins or ends; no choices of default."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day


def calculate(practice: Practice) -> list[Row]:
    """Return one row per subscription whose plan, fee schedule, type and patient exist."""
    plans = practice.by_key("discountplan", "DiscountPlanNum")
    schedules = practice.by_key("feesched", "FeeSchedNum")
    definitions = practice.by_key("definition", "DefNum")
    patients = practice.by_key("patient", "PatNum")
    rows: list[Row] = []
    for subscription in practice.rows("discountplansub"):
        plan = plans.get(subscription["DiscountPlanNum"])
        if (
            plan is not None
            and plan["FeeSchedNum"] in schedules
            and plan["DefNum"] in definitions
            and subscription["PatNum"] in patients
        ):
            rows.append(
                {
                    "discount_plan_subscription_id": subscription["DiscountSubNum"],
                    "discount_plan_id": plan["DiscountPlanNum"],
                    "patient_id": subscription["PatNum"],
                    "fee_schedule_id": plan["FeeSchedNum"],
                    "adjustment_type_id": plan["DefNum"],
                    "effective_on": day(subscription["DateEffective"]),
                    "ended_on": day(subscription["DateTerm"]),
                }
            )
    return rows
