"""Procedures not billed to insurance: completed ones that stand on no claim of a current plan.

The form opens with procedures that have an open estimate of a plan that is not medical and are not
in process: is_in_default_report. Its options add procedures without any claim procedure of the
plan (is_before_insurance), limit both kinds to the plan's coverage (is_within_coverage), and add
medical plans (is_medical_only: no other plan brings the procedure in) and procedures of visits in
process (is_in_process). The flags are those of the plans that are not medical, if one of these
brings the procedure in.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, fee, months_later, procedure_codes

ESTIMATE = 6


def calculate(practice: Practice) -> list[Row]:
    """Return one row per procedure that some option of the form shows as not billed."""
    texts = procedure_codes(practice)
    in_process = {row["ProcNum"] for row in practice.rows("procmultivisit") if row["IsInProcess"]}
    ways_in = ways_by_procedure(practice)
    rows: list[Row] = []
    for procedure in practice.rows("procedurelog"):
        ways = ways_in.get(procedure["ProcNum"])
        if not ways:
            continue
        dental = [way for way in ways if not way["is_medical"]]
        counted = dental or ways
        has_estimate = any(way["has_open_estimate"] for way in counted)
        is_in_process = procedure["ProcNum"] in in_process
        rows.append(
            {
                "procedure_id": procedure["ProcNum"],
                "procedure_on": day(procedure["ProcDate"]),
                "patient_id": procedure["PatNum"],
                "provider_id": identity(procedure["ProvNum"]),
                "clinic_id": identity(procedure["ClinicNum"]),
                "procedure_code": texts.get(procedure["CodeNum"]),
                "fee_amount": fee(procedure),
                "has_open_estimate": has_estimate,
                "is_before_insurance": any(way["is_before_insurance"] for way in counted),
                "is_within_coverage": any(way["is_within_coverage"] for way in counted),
                "is_medical_only": not dental,
                "is_in_process": is_in_process,
                "is_in_default_report": has_estimate and bool(dental) and not is_in_process,
            }
        )
    return rows


def ways_by_procedure(practice: Practice) -> dict[int, list[Row]]:
    """Return how the plans of its patient bring each completed procedure into the report."""
    codes = practice.by_key("procedurecode", "CodeNum")
    claim_procedures = practice.grouped("claimproc", "ProcNum")
    coverages = current_coverages(practice)
    ways: dict[int, list[Row]] = defaultdict(list)
    for procedure in practice.rows("procedurelog"):
        # The fee of one unit decides, although the report prints that of all.
        if procedure["ProcStatus"] != COMPLETE or procedure["ProcFee"] <= 0:
            continue
        code = codes.get(procedure["CodeNum"])
        for subscription, plan in coverages[procedure["PatNum"]]:
            of_plan = [
                row
                for row in claim_procedures[procedure["ProcNum"]]
                if row["PlanNum"] == plan["PlanNum"]
            ]
            has_estimate = any(
                row["Status"] == ESTIMATE and not row["NoBillIns"] for row in of_plan
            )
            is_before = not of_plan and code is not None and not code["NoBillIns"]
            if has_estimate or is_before:
                ways[procedure["ProcNum"]].append(
                    {
                        "is_medical": bool(plan["IsMedical"]),
                        "has_open_estimate": has_estimate,
                        "is_before_insurance": is_before,
                        "is_within_coverage": is_covered(
                            procedure["ProcDate"], subscription, practice.today
                        ),
                    }
                )
    return ways


def current_coverages(practice: Practice) -> dict[int, list[tuple[Row, Row]]]:
    """Return the subscriptions, each with its plan, that each patient has now."""
    subscriptions = practice.by_key("inssub", "InsSubNum")
    plans = practice.by_key("insplan", "PlanNum")
    coverages: dict[int, list[tuple[Row, Row]]] = defaultdict(list)
    for patient_plan in practice.rows("patplan"):
        subscription = subscriptions.get(patient_plan["InsSubNum"])
        if subscription is not None and subscription["PlanNum"] in plans:
            plan = plans[subscription["PlanNum"]]
            coverages[patient_plan["PatNum"]].append((subscription, plan))
    return coverages


def is_covered(on: date, subscription: Row, today: date) -> bool:
    """Return whether a day is within a subscription; one without end lasts a year from today."""
    end = subscription["DateTerm"] if day(subscription["DateTerm"]) else months_later(today, 12)
    return bool(subscription["DateEffective"] <= on <= end)
