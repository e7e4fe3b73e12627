"""The office's own discount plan: families without insurance pay less for all work."""

from __future__ import annotations

from simulator import office
from simulator.world import Family, Practice

PERCENT = 20
# Families without insurance that join.
JOINED = 0.12
_NO_LIMIT = -1


def open_plan(practice: Practice) -> None:
    """Write the plan with its fees, as it stands on the first day."""
    journal = practice.journal
    schedule = journal.insert("feesched", Description="Members' fees", FeeSchedType=0)
    codes = list(practice.codes.values())
    office.fee_schedule(practice, schedule, codes=codes, percent=100 - PERCENT)
    practice.discount_plan = journal.insert(
        "discountplan",
        Description="Members' plan",
        FeeSchedNum=schedule,
        DefNum=practice.definition("Discount plan"),
        IsHidden=0,
        PlanNote="",
        ExamFreqLimit=_NO_LIMIT,
        XrayFreqLimit=_NO_LIMIT,
        ProphyFreqLimit=_NO_LIMIT,
        FluorideFreqLimit=_NO_LIMIT,
        PerioFreqLimit=_NO_LIMIT,
        LimitedExamFreqLimit=_NO_LIMIT,
        PAFreqLimit=_NO_LIMIT,
    )


def join(practice: Practice, family: Family) -> None:
    """Subscribe every member of a family."""
    for patient in family.members:
        practice.journal.insert(
            "discountplansub",
            DiscountPlanNum=practice.discount_plan,
            PatNum=patient.num,
            DateEffective=practice.day,
            SubNote="",
        )
        patient.discount_percent = PERCENT
