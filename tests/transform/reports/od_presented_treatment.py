"""Presentation statistics: what became of the procedures of saved treatment plans.

The form opens with plans of last month, the first plan of each procedure, by presenter and without
a filter on users; nothing but the first and the last plan is a choice of default.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.presentations import (
    adjustments_of_procedures,
    claimed_writeoffs,
    first_plan,
    last_plan,
    plans_by_procedure,
)
from tests.transform.reports.rules import (
    COMPLETE,
    ZERO,
    capitation_writeoffs,
    estimated_writeoff,
    fee_of_one_at_least,
)

PLANNED = 1
SCHEDULED = 1
SAVED = 0
ESTIMATE = 6


def calculate(practice: Practice) -> list[Row]:
    """Return one row per saved plan and procedure of it that is planned or completed now."""
    saved = [row for row in practice.rows("treatplan") if row["TPStatus"] == SAVED]
    plans = plans_by_procedure(practice, saved)
    capitation = capitation_writeoffs(practice)
    claimed = claimed_writeoffs(practice)
    estimated = open_estimates(practice)
    adjustments = adjustments_of_procedures(practice)
    scheduled = {
        row["AptNum"] for row in practice.rows("appointment") if row["AptStatus"] == SCHEDULED
    }
    rows: list[Row] = []
    for procedure in practice.rows("procedurelog"):
        number = procedure["ProcNum"]
        is_completed = procedure["ProcStatus"] == COMPLETE
        if number not in plans or procedure["ProcStatus"] not in (PLANNED, COMPLETE):
            continue
        gross = fee_of_one_at_least(procedure) - capitation[number]
        # Capitation is taken off a second time: the report does so, too.
        writeoff = capitation[number] + (claimed[number] if is_completed else estimated[number])
        for plan in plans[number]:
            rows.append(
                {
                    "treatment_plan_id": plan["TreatPlanNum"],
                    "procedure_id": number,
                    "is_first_presentation": plan is first_plan(plans[number]),
                    "is_last_presentation": plan is last_plan(plans[number]),
                    "patient_id": procedure["PatNum"],
                    "presented_on": day(plan["DateTP"]),
                    "presenter_user_id": identity(plan["UserNumPresenter"]),
                    "entry_user_id": identity(plan["SecUserNumEntry"]),
                    "clinic_id": identity(procedure["ClinicNum"]),
                    "procedure_status_code": procedure["ProcStatus"],
                    "is_scheduled": not is_completed and procedure["AptNum"] in scheduled,
                    "is_completed": is_completed,
                    "procedure_on": day(procedure["ProcDate"]),
                    "gross_amount": gross,
                    "writeoff_amount": writeoff,
                    "adjustment_amount": adjustments[number],
                    "net_amount": gross - writeoff + adjustments[number],
                }
            )
    return rows


def open_estimates(practice: Practice) -> Mapping[int, Decimal]:
    """Return the write-offs that are estimated for each procedure without a claim."""
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("claimproc"):
        if row["Status"] == ESTIMATE:
            sums[row["ProcNum"]] += estimated_writeoff(row)
    return sums
