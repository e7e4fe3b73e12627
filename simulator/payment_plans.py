"""Payment plans: work moved off the account and charged month by month."""

from __future__ import annotations

from datetime import date, timedelta

from include.open_dental.codes import number
from simulator import money
from simulator.books import Cents, Kind, Posting
from simulator.world import Family, PaymentPlan, Practice, Procedure

_DEBIT = number("PayPlanChargeType", "Debit")
_CREDIT = number("PayPlanChargeType", "Credit")
_MONTH = timedelta(days=30)
_LINKED_PROCEDURE = number("PayPlanLinkType", "Procedure")


def agree(practice: Practice, family: Family) -> None:
    """Put one patient's open work on a plan; the credits are tied to the procedures."""
    patient = max(family.members, key=lambda member: _due(family, member.num))
    # A procedure with a discount keeps its own account.
    works = [
        work
        for work in family.open
        if work.patient is patient and work.remaining > 0 and not work.adjusted
    ]
    total = sum(work.remaining for work in works)
    if total < 30_000:
        return
    habits = practice.plan.habits
    if practice.journal.last_key("payplan") >= habits.payment_plans:
        return
    is_dynamic = practice.rarely("dynamic plan", habits.dynamic_plans)
    day = practice.day
    monthly = -(-total // habits.months)
    num = practice.journal.insert(
        "payplan",
        PatNum=patient.num,
        Guarantor=family.guarantor,
        PayPlanDate=day,
        Note="",
        CompletedAmt=total / 100,
        NumberOfPayments=0 if is_dynamic else habits.months,
        PayAmt=monthly / 100,
        Signature="",
        PlanCategory=practice.definition("Large case"),
        IsDynamic=int(is_dynamic),
        DatePayPlanStart=day + _MONTH,
        DynamicPayPlanTPOption=1 if is_dynamic else 0,
    )
    plan = PaymentPlan(num, family, patient, total, monthly, linked=works[0].num * is_dynamic)
    practice.books.post(Kind.PLAN, num, Posting(patient.num, day, total))
    for work in works:
        if is_dynamic:
            _link(practice, plan, work=work)
        else:
            _credit(practice, plan, work=work)
        work.paid += work.remaining
    if not is_dynamic:
        _enter_charges(practice, plan)
    family.has_payment_plan = True
    practice.plan_for(practice.clock.open_day(day + _MONTH), "plan_month", plan)


def _due(family: Family, patient: int) -> Cents:
    return sum(work.remaining for work in family.open if work.patient.num == patient)


def _link(practice: Practice, plan: PaymentPlan, *, work: Procedure) -> None:
    amount = work.remaining
    num = practice.journal.insert(
        "payplanlink",
        PayPlanNum=plan.num,
        LinkType=_LINKED_PROCEDURE,
        FKey=work.num,
        AmountOverride=amount / 100,
        SecDateTEntry=practice.journal.now,
    )
    done = work.completed_on or practice.day
    practice.books.post(Kind.LINK_CREDIT, num, work.posting(done, amount, is_tied=True))


def _credit(practice: Practice, plan: PaymentPlan, *, work: Procedure) -> None:
    amount, day = work.remaining, practice.day
    num = practice.journal.insert(
        "payplancharge",
        PayPlanNum=plan.num,
        Guarantor=plan.family.guarantor,
        PatNum=plan.patient.num,
        ChargeDate=day,
        Principal=amount / 100,
        Note="",
        ProvNum=work.provider,
        ClinicNum=work.clinic,
        ChargeType=_CREDIT,
        ProcNum=work.num,
        SecDateTEntry=practice.journal.now,
    )
    practice.books.post(Kind.PLAN_CREDIT, num, work.posting(day, amount, is_tied=True))


def _enter_charges(practice: Practice, plan: PaymentPlan) -> None:
    """Enter all charges of a plan with a fixed end; those to come count from their day on."""
    left, day = plan.left, practice.day
    while left > 0:
        day += _MONTH
        principal = min(plan.monthly, left)
        left -= principal
        _charge(practice, plan, principal=principal, day=day)


def _charge(practice: Practice, plan: PaymentPlan, *, principal: Cents, day: date) -> None:
    guarantor = plan.family.guarantor
    num = practice.journal.insert(
        "payplancharge",
        PayPlanNum=plan.num,
        Guarantor=guarantor,
        PatNum=plan.patient.num,
        ChargeDate=day,
        Principal=principal / 100,
        Note="",
        ProvNum=plan.patient.provider,
        ClinicNum=plan.patient.clinic,
        ChargeType=_DEBIT,
        SecDateTEntry=practice.journal.now,
        FKey=plan.linked,
        LinkType=_LINKED_PROCEDURE if plan.linked else 0,
    )
    posting = Posting(guarantor, day, principal, account=plan.num)
    practice.books.post(Kind.PLAN_DEBIT, num, posting)
    plan.charges.append(num)


def month(practice: Practice, plan: PaymentPlan) -> None:
    """Let a month of a plan pass: a dynamic plan is charged, the guarantor mostly pays."""
    principal = min(plan.monthly, plan.left)
    if plan.linked and len(plan.charges) < practice.plan.habits.months:
        _charge(practice, plan, principal=principal, day=practice.day)
    if practice.chance(0.88):
        payer = plan.family.members[0]
        entered = money.payment(practice, payer, amount=principal, method="Card")
        charge = plan.charges[min(len(plan.splits), len(plan.charges) - 1)]
        num = money.split(
            practice,
            entered,
            payer=payer,
            amount=principal,
            use=money.Use(plan=plan.num, charge=charge),
        )
        posting = Posting(payer.num, practice.day, principal, account=plan.num)
        practice.books.post(Kind.PLAN_PAYMENT, num, posting)
        plan.splits.append(num)
        plan.left -= principal
    if plan.left > 0:
        practice.plan_for(practice.clock.open_day(practice.day + _MONTH), "plan_month", plan)
    else:
        _close(practice, plan)


def _close(practice: Practice, plan: PaymentPlan) -> None:
    practice.journal.update("payplan", plan.num, IsClosed=1)
    plan.family.has_payment_plan = False
    practice.books.post(Kind.CLOSED_PLAN, plan.num, Posting(plan.patient.num, practice.day, 0))
