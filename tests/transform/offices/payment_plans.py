"""Payment plans of patients and of insurers, with charges entered ahead or as they fall due."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.reports.practice import EMPTY

DEBIT, CREDIT = 0, 1
ADJUSTMENT, PROCEDURE, ORTHO_CASE = 1, 2, 3
_ZERO = Decimal(0)


def agree(draft: Draft) -> None:
    """Write plans of every kind, a third of them closed, some without a single charge."""
    for _ in range(draft.between(4, 6)):
        _static(draft)
    for _ in range(draft.between(5, 7)):
        _of_insurance(draft)
    for _ in range(draft.between(6, 9)):
        _dynamic(draft)


def _plan(draft: Draft, **values: object) -> DraftRow:
    return draft.add(
        "payplan",
        **{
            "PatNum": draft.key_of("patient", none=0.0, lost=0.02),
            "Guarantor": draft.key_of("patient", none=0.2, lost=0.02),
            "PayPlanDate": draft.day(),
            "CompletedAmt": draft.pick((_ZERO, draft.amount(10, 500))),
            "IsClosed": int(draft.chance(0.3)),
            "APR": draft.pick((_ZERO, Decimal("4.5"))),
            "PlanCategory": draft.pick((0, draft.definitions["plan category"])),
            **values,
        },
    )


def _static(draft: Draft) -> None:
    plan = _plan(draft)
    for _ in range(draft.between(1, 5)):
        _charge(draft, plan, DEBIT, day=draft.day(empty=0.12, future=0.3))
    for _ in range(draft.between(0, 4)):
        _charge(
            draft,
            plan,
            CREDIT,
            day=draft.day(empty=0.12, future=0.15),
            ProcNum=draft.key_of("procedurelog", none=0.2, lost=0.08),
        )
    if draft.chance(0.5):
        credit = _charge(draft, plan, CREDIT, day=draft.day(future=0), ProcNum=LOST)
        credit["Principal"] = abs(credit["Principal"])


def _of_insurance(draft: Draft) -> None:
    """Write a plan that an insurer pays; its debits fall due on different days, none on none."""
    subscription = draft.pick(draft.rows("inssub"))
    plan = _plan(draft, PlanNum=subscription["PlanNum"], InsSubNum=subscription["InsSubNum"])
    offsets = (-120, -91, -90, -61, -60, -31, -30, -29, -1, 0, 1, 9, 30)
    for offset in sorted(draft.random.sample(offsets, draft.between(1, 5))):
        _charge(draft, plan, DEBIT, day=draft.after(offset))
    _charge(draft, plan, CREDIT, day=draft.day())
    own = [row for row in draft.rows("claimproc") if row["InsPayAmt"]]
    for row in draft.some(own, 0.06):
        row["PayPlanNum"] = plan["PayPlanNum"]


def _dynamic(draft: Draft) -> None:
    """Write a plan over procedures and adjustments, with an override where the amount was agreed.

    A plan without charges has one link only: of several any would be the report's provider.
    """
    plan = _plan(
        draft,
        IsDynamic=1,
        DatePayPlanStart=draft.day(),
        DynamicPayPlanTPOption=draft.between(0, 2),
    )
    is_without_charges = draft.chance(0.2)
    for _ in range(1 if is_without_charges else draft.between(2, 5)):
        kind = draft.weighted({PROCEDURE: 6.0, ADJUSTMENT: 3, ORTHO_CASE: 0.5})
        table = {PROCEDURE: "procedurelog", ADJUSTMENT: "adjustment"}.get(kind, "patient")
        link = draft.add(
            "payplanlink",
            PayPlanNum=plan["PayPlanNum"],
            LinkType=kind,
            FKey=draft.key_of(table, none=0.0, lost=0.06),
            AmountOverride=draft.pick((_ZERO, _ZERO, draft.amount(10, 400))),
            SecDateTEntry=draft.moment(draft.day(future=0, empty=0)),
        )
        for _ in range(0 if is_without_charges else draft.between(0, 2)):
            _charge(
                draft,
                plan,
                DEBIT,
                day=draft.day(empty=0.06, future=0.15),
                FKey=link["FKey"],
                LinkType=link["LinkType"],
            )


def _charge(draft: Draft, plan: DraftRow, kind: int, *, day: date, **values: int) -> DraftRow:
    """Write a charge: under the plan's first provider and clinic, the account mostly the plan's."""
    earlier = [
        row for row in draft.rows("payplancharge") if row["PayPlanNum"] == plan["PayPlanNum"]
    ]
    patient = draft.key_of("patient") if draft.chance(0.15) else plan["PatNum"]
    guarantor = draft.key_of("patient") if draft.chance(0.15) else plan["Guarantor"]
    return draft.add(
        "payplancharge",
        PayPlanNum=LOST if draft.chance(0.02) else plan["PayPlanNum"],
        PatNum=patient,
        Guarantor=guarantor or plan["PatNum"],
        ChargeDate=day,
        ChargeType=kind,
        Principal=draft.pick((draft.amount(5, 200), draft.amount(5, 200), -draft.amount(1, 50))),
        Interest=draft.pick((_ZERO, draft.amount(0, 9))) if kind == DEBIT else _ZERO,
        ProvNum=earlier[0]["ProvNum"] if earlier else draft.provider(),
        ClinicNum=earlier[0]["ClinicNum"] if earlier else draft.clinic(),
        SecDateTEntry=draft.moment(day if day != EMPTY else draft.after(-5)),
        **values,
    )
