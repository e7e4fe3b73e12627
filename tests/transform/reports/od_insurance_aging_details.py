"""Insurance aging, detailed: what insurers are expected to pay, by family, carrier and group.

A claim procedure whose plan or carrier is gone, or whose plan has no group, has an empty name.
"""

from __future__ import annotations

from datetime import date

from tests.transform.reports.od_insurance_aging import insurance_columns, insurance_parts
from tests.transform.reports.practice import Practice, Row


def calculate(practice: Practice, as_of: date) -> list[Row]:
    """Return a row per guarantor, carrier's name and group's name."""
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")

    def names(claim_procedure: Row, guarantor: int) -> tuple[int, str, str]:
        plan = plans.get(claim_procedure["PlanNum"])
        if plan is None:
            return guarantor, "", ""
        carrier = carriers.get(plan["CarrierNum"])
        return guarantor, carrier["CarrierName"] if carrier else "", plan["GroupName"]

    return [
        {
            "as_of_on": as_of,
            "guarantor_id": guarantor,
            "carrier_name": carrier_name,
            "group_name": group_name,
            **insurance_columns(parts),
        }
        for (guarantor, carrier_name, group_name), parts in insurance_parts(
            practice, as_of, names
        ).items()
    ]
