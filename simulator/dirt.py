"""The dirt that real practices have: rare, and never enough to spoil a table.

Each kind comes back at long intervals. The money in it is real: the books follow.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from simulator import adjustments, contacts, money, people, treatment
from simulator.names import HOSTILE_NOTES
from simulator.world import ClaimLine, InsurancePlan, Practice

# One of each kind in so many patient-years.
PATIENT_YEARS_PER_PIECE = 2_500
_TYPO_AMOUNT = 252_252.0
# Makes a carrier's message of some 200 kB.
_LONG_TEXT_REPEATS = 1_200


def plan_dirt(practice: Practice) -> None:
    """Put the first piece of each kind into the practice's first years."""
    length = (practice.plan.until - practice.plan.lived_from).days
    for kind in KINDS:
        offset = practice.random.randint(length // 3, max(length * 5 // 6, length // 3))
        day = practice.clock.open_day(practice.plan.lived_from + timedelta(days=offset))
        practice.plan_for(min(day, practice.plan.until), "dirt", kind)


def soil(practice: Practice, kind: str) -> None:
    """Make one piece of dirt, or try again on the next open day when nothing is at hand."""
    if KINDS[kind](practice):
        days = round(365 * PATIENT_YEARS_PER_PIECE / max(1, len(practice.patients)))
        practice.plan_for(practice.in_days(days // 2, days * 3 // 2), "dirt", kind)
    else:
        practice.plan_for(practice.in_days(1, 1), "dirt", kind)


def _received(practice: Practice) -> ClaimLine | None:
    """Find a claim line that is settled, so that nothing overwrites it any more."""
    lines: list[ClaimLine] = [
        line for claim in practice.recent.of("claim") for line in claim.lines if line.is_received
    ]
    return practice.random.choice(lines) if lines else None


def _decimal_typo(practice: Practice) -> bool:
    line = _received(practice)
    if line is not None:
        practice.journal.update("claimproc", line.num, AllowedOverride=_TYPO_AMOUNT)
    return line is not None


def _estimate_above_fee(practice: Practice) -> bool:
    line = _received(practice)
    if line is not None:
        amount = line.procedure.total * 3 / 100
        practice.journal.update("claimproc", line.num, InsPayEst=amount, InsEstTotal=amount)
    return line is not None


def _free_work_with_large_discount(practice: Practice) -> bool:
    recent = practice.recent.of("procedure")
    if not recent:
        return False
    patient = recent[-1].patient
    code = practice.codes["D9430"]
    work = treatment.plan_procedure(practice, patient, code=code)
    treatment.complete_without_visit(practice, work, day=practice.day)
    adjustments.adjust(practice, patient, amount=-48_500, name="Cash discount", work=work)
    return True


def _wrong_unearned_type(practice: Practice) -> bool:
    """Transfer a prepayment that was booked under another unearned type."""
    for family in reversed(practice.families):
        due = [work for work in family.open if work.remaining > 5_000]
        if due:
            work = due[0]
            transfer = money.payment(practice, work.patient, amount=0, method="")
            money.split(
                practice,
                transfer,
                payer=work.patient,
                amount=-2_500,
                use=money.Use(unearned="Old credit"),
            )
            money.split(practice, transfer, payer=work.patient, amount=2_500, use=money.Use(work))
            return True
    return False


def _unallocated_split(practice: Practice) -> bool:
    if not practice.patients:
        return False
    payer = practice.random.choice(practice.patients)
    entered = money.payment(practice, payer, amount=2_000, method="Cash")
    money.split(practice, entered, payer=payer, amount=2_000)
    return True


def _terminated_subscriber(practice: Practice) -> bool:
    """End a subscription in the past while its claims go on being paid."""
    line = _received(practice)
    if line is None or not line.insurance:
        return False
    ended = (line.procedure.completed_on or practice.day) - timedelta(days=90)
    practice.journal.update("inssub", line.coverage.inssub, DateTerm=ended)
    return True


def _plan_twice(practice: Practice) -> bool:
    """Enter a plan again that differs from a known one by upper case only."""
    plan = practice.random.choice(practice.insurance_plans)
    name = f"Twice Dental Plan {plan.num}"
    for spelled in (name, name.upper()):
        num = practice.journal.insert(
            "insplan",
            GroupName=spelled,
            GroupNum="G0001",
            PlanNote="",
            FeeSched=plan.fee_schedule,
            PlanType=plan.kind,
            CarrierNum=plan.carrier,
            FilingCode=1,
            SecUserNumEntry=1,
            SecDateEntry=practice.day,
        )
        copy = InsurancePlan(
            num, plan.carrier, plan.carrier_name, plan.kind, plan.percents, plan.annual_max,
            plan.deductible, plan.allowed_percent, plan.fee_schedule,
        )  # fmt: skip
        practice.insurance_plans.append(copy)
    return True


def _test_patient(practice: Practice) -> bool:
    family = people.arrive(practice, 1)
    patient = family.members[0]
    patient.is_active = False
    practice.journal.update("patient", patient.num, LName="Test", FName="Zzztest")
    return True


def _hostile_text(practice: Practice) -> bool:
    """Write text that breaks careless loaders into notes of several tables."""
    if not practice.patients:
        return False
    for note in HOSTILE_NOTES:
        patient = practice.random.choice(practice.patients)
        call = contacts.talk(practice, patient, subject="Other talk")
        practice.journal.update("commlog", call, Note=note)
        contacts.task(practice, patient, text=note)
    long = "\n".join(HOSTILE_NOTES) * _LONG_TEXT_REPEATS
    practice.journal.insert("etransmessagetext", MessageText=long)
    return True


def _zero_date(practice: Practice) -> bool:
    """Leave dates of no calendar on a patient."""
    if not practice.patients:
        return False
    patient = practice.random.choice(practice.patients)
    practice.journal.update(
        "patient", patient.num, AdmitDate="0000-00-00", DateTimeDeceased="0000-00-00 00:00:00"
    )
    practice.journal.insert(
        "recall", PatNum=patient.num, RecallTypeNum=practice.lists["recall"][4], IsDisabled=1,
        DatePrevious="0000-00-00", DateDue="0000-00-00", Note="kept from the old system",
    )  # fmt: skip
    return True


KINDS: dict[str, Callable[[Practice], bool]] = {
    "decimal typo": _decimal_typo,
    "estimate above the fee": _estimate_above_fee,
    "free work with a large discount": _free_work_with_large_discount,
    "wrong unearned type": _wrong_unearned_type,
    "unallocated split": _unallocated_split,
    "terminated subscriber": _terminated_subscriber,
    "plan twice": _plan_twice,
    "test patient": _test_patient,
    "hostile text": _hostile_text,
    "zero date": _zero_date,
}
