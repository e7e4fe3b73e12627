"""Presented treatment production: completed procedures by who presented them.

The form opens with last month, the first presentation and all users, by presenter. "All users" are
those that are not hidden, so that is_in_default_report leaves out every procedure without a
presenter, and every 'last' row.
"""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.presentations import (
    adjustments_of_procedures,
    claimed_writeoffs,
    first_plan,
    last_plan,
    plans_by_procedure,
)
from tests.transform.reports.rules import COMPLETE, capitation_writeoffs, fee_of_one_at_least


def calculate(practice: Practice) -> list[Row]:
    """Return two rows per completed procedure of any plan: by its first plan and by its last."""
    # A plan of any status presents: also the active and the inactive one.
    plans = plans_by_procedure(practice, practice.rows("treatplan"))
    capitation = capitation_writeoffs(practice)
    claimed = claimed_writeoffs(practice)
    adjustments = adjustments_of_procedures(practice)
    users = {row["UserNum"] for row in practice.rows("userod") if not row["IsHidden"]}
    rows: list[Row] = []
    for procedure in practice.rows("procedurelog"):
        number = procedure["ProcNum"]
        if procedure["ProcStatus"] != COMPLETE or number not in plans:
            continue
        gross = fee_of_one_at_least(procedure) - capitation[number]
        for presentation, choose in (("first", first_plan), ("last", last_plan)):
            plan = choose(plans[number])
            rows.append(
                {
                    "presentation": presentation,
                    "procedure_id": number,
                    "completed_on": day(procedure["ProcDate"]),
                    "presented_on": day(plan["DateTP"]),
                    "treatment_plan_id": plan["TreatPlanNum"],
                    "presenter_user_id": identity(plan["UserNumPresenter"]),
                    "entry_user_id": identity(plan["SecUserNumEntry"]),
                    "clinic_id": identity(procedure["ClinicNum"]),
                    "gross_amount": gross,
                    "writeoff_amount": claimed[number],
                    "adjustment_amount": adjustments[number],
                    "net_amount": gross - claimed[number] + adjustments[number],
                    "is_in_default_report": (
                        presentation == "first" and plan["UserNumPresenter"] in users
                    ),
                }
            )
    return rows
