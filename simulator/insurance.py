"""Subscribers and their cover, and what a cover is expected to pay."""

from __future__ import annotations

from datetime import timedelta

from include.open_dental.values import BLANK
from simulator.books import Cents
from simulator.statuses import LINE_CAPITATION_ESTIMATE, LINE_ESTIMATE
from simulator.world import ClaimLine, Coverage, Family, InsurancePlan, Patient, Practice
from simulator.world import Procedure as Work


def enrol(practice: Practice, family: Family, *, is_double: bool) -> None:
    """Give a family cover through its first adult, and a second one through the next."""
    subscribers = family.members[: 2 if is_double else 1]
    plans = practice.random.sample(practice.insurance_plans, 2)
    if is_double:
        # Capitation leaves nothing for a second plan to pay.
        plans = [plan if plan.kind != "c" else practice.insurance_plans[0] for plan in plans]
    for ordinal, (subscriber, plan) in enumerate(zip(subscribers, plans, strict=False), 1):
        subscription = practice.journal.insert(
            "inssub",
            PlanNum=plan.num,
            Subscriber=subscriber.num,
            DateEffective=practice.day - timedelta(days=practice.random.randint(30, 900)),
            ReleaseInfo=1,
            AssignBen=1,
            SubscriberID=f"S{practice.random.randint(10_000_000, 99_999_999)}",
            SecUserNumEntry=practice.desk_user(),
            SecDateEntry=practice.day,
        )
        verify(practice, subscription)
        for patient in family.members:
            cover(practice, patient, plan=plan, subscription=subscription, ordinal=ordinal)


def cover(
    practice: Practice, patient: Patient, *, plan: InsurancePlan, subscription: int, ordinal: int
) -> Coverage:
    """Attach a patient to a subscription."""
    is_self = patient is patient.family.members[ordinal - 1]
    is_child = patient.age(practice.day) < 18
    relationship = 0 if is_self else 2 if is_child else 1
    num = practice.journal.insert(
        "patplan",
        PatNum=patient.num,
        Ordinal=ordinal,
        Relationship=relationship,
        PatID="",
        InsSubNum=subscription,
        SecDateTEntry=practice.journal.now,
    )
    practice.journal.update("patient", patient.num, HasIns="I")
    coverage = Coverage(num, subscription, plan, ordinal, relationship)
    patient.covers.append(coverage)
    practice.journal.insert(
        "inseditpatlog",
        FKey=num,
        LogType=0,
        FieldName="PatPlanNum",
        OldValue="NEW",
        NewValue=str(num),
        UserNum=practice.desk_user(),
        ParentKey=subscription,
        Description="",
    )
    return coverage


def verify(practice: Practice, subscription: int) -> None:
    """Note that somebody asked the carrier whether the cover stands."""
    user = practice.desk_user()
    num = practice.journal.insert(
        "insverify",
        DateLastVerified=practice.day,
        UserNum=user,
        VerifyType=1,
        FKey=subscription,
        DefNum=practice.definition("Verified"),
        DateTimeEntry=practice.journal.now,
    )
    practice.journal.insert(
        "insverifyhist",
        InsVerifyNum=num,
        DateLastVerified=practice.day,
        UserNum=user,
        VerifyType=1,
        FKey=subscription,
        DefNum=practice.definition("Verified"),
        DateTimeEntry=practice.journal.now,
        VerifyUserNum=user,
    )


def expectation(work: Work, coverage: Coverage, *, year: int) -> tuple[Cents, Cents, Cents]:
    """Return what a cover should pay and write off for a procedure, and the deductible used.

    The first cover allows its schedule's share of the fee and writes the rest off in a network; a
    second one pays of what the first leaves. Both stop at the annual maximum.
    """
    plan = coverage.plan
    percent = plan.percents[work.code.benefit]
    if percent == 0 or plan.kind == "c":
        return 0, 0, 0
    before = sum(line.insurance + line.write_off for line in work.lines)
    if coverage.ordinal > 1:
        wanted = min(work.total * percent // 100, work.total - before)
        allowance = plan.annual_max - coverage.used.get(year, 0)
        return max(0, min(wanted, allowance)), 0, 0
    allowed = work.total * plan.allowed_percent // 100
    deductible = 0
    if work.code.benefit != "preventive":
        deductible = min(plan.deductible - coverage.deductible_met.get(year, 0), allowed)
    pays = (allowed - deductible) * percent // 100
    pays = max(0, min(pays, plan.annual_max - coverage.used.get(year, 0)))
    return pays, work.total - allowed, deductible


def estimate(practice: Practice, work: Work) -> None:
    """Write the estimates of every cover for a planned procedure."""
    for coverage in work.patient.covers:
        pays, write_off, deductible = expectation(work, coverage, year=practice.day.year)
        is_capitation = coverage.plan.kind == "c"
        percent = coverage.plan.percents[work.code.benefit]
        num = practice.journal.insert(
            "claimproc",
            ProcNum=work.num,
            PatNum=work.patient.num,
            ProvNum=work.provider,
            ClinicNum=work.clinic,
            Status=LINE_CAPITATION_ESTIMATE if is_capitation else LINE_ESTIMATE,
            InsPayEst=pays / 100,
            PlanNum=coverage.plan.num,
            InsSubNum=coverage.inssub,
            DateCP=practice.day,
            ProcDate=practice.day,
            DateEntry=practice.day,
            Percentage=percent,
            BaseEst=pays / 100,
            AllowedOverride=BLANK,
            DedEst=deductible / 100,
            DedEstOverride=BLANK,
            InsEstTotal=pays / 100,
            InsEstTotalOverride=BLANK,
            PaidOtherInsOverride=BLANK,
            WriteOffEst=write_off / 100 if write_off else BLANK,
            WriteOffEstOverride=BLANK,
            NoBillIns=int(percent == 0),
            CodeSent=work.code.code,
            SecUserNumEntry=1,
            SecDateEntry=practice.day,
        )
        work.lines.append(ClaimLine(num, work, coverage, pays, write_off, deductible))
        if coverage.plan.kind == "c":
            break


def drop_estimates(practice: Practice, work: Work) -> None:
    """Delete the estimates of a procedure that has not been claimed."""
    for line in work.lines:
        if not line.claim:
            practice.journal.delete("claimproc", line.num)
    work.lines = [line for line in work.lines if line.claim]
