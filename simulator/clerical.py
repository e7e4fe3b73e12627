"""Corrections that move no money: people, cover, notes, lists and settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from include.open_dental.codes import number
from include.open_dental.values import BLANK
from simulator import appointments, audit, insurance, treatment
from simulator.names import CITIES, LAST_NAMES, STREETS
from simulator.statuses import PATIENT_ARCHIVED, PATIENT_DECEASED, PATIENT_DELETED
from simulator.world import Family, Patient, Practice

_MERGE = number("PatientLinkType", "Merge")


def _someone(practice: Practice) -> Patient | None:
    return practice.random.choice(practice.patients) if practice.patients else None


def _move_house(practice: Practice) -> None:
    """Change a family's address on every member."""
    patient = _someone(practice)
    if patient is None:
        return
    city, digits = practice.random.choice(CITIES)
    street = f"{practice.random.randint(1, 999)} {practice.random.choice(STREETS)} Avenue"
    patient.family.address = (street, city, "OR", digits)
    for member in patient.family.members:
        practice.journal.update("patient", member.num, Address=street, City=city, Zip=digits)
    user = practice.desk_user()
    audit.log(practice, "PatientEdit", user=user, patient=patient.num, text="Address changed")


def _correct_name(practice: Practice) -> None:
    """Change a name straight in the database: no stamp moves."""
    patient = _someone(practice)
    if patient is not None:
        patient.last = practice.random.choice(LAST_NAMES)
        practice.journal.update_quietly("patient", patient.num, LName=patient.last)


def _delete_patient(practice: Practice) -> None:
    """Delete a patient who never came: the row stays with the status "deleted".

    One who is not expected either, if there is any.
    """
    absent = [one for one in reversed(practice.patients) if not one.visits and one.status == 0]
    if not absent:
        return
    patient = min(absent, key=lambda one: one.next_visit is not None)
    if patient.next_visit is not None:
        appointments.remove(practice, patient.next_visit)
    patient.status, patient.is_active = PATIENT_DELETED, False
    practice.journal.update("patient", patient.num, PatStatus=PATIENT_DELETED)


def _mourn(practice: Practice) -> None:
    patient = _someone(practice)
    if patient is None or patient.age(practice.day) < 70 or patient.status:
        return
    if patient.next_visit is not None:
        appointments.remove(practice, patient.next_visit)
    patient.status, patient.is_active = PATIENT_DECEASED, False
    died = practice.day - timedelta(days=practice.random.randint(3, 40))
    practice.journal.update(
        "patient", patient.num, PatStatus=PATIENT_DECEASED, DateTimeDeceased=f"{died} 00:00:00"
    )


def _merge(practice: Practice) -> None:
    """Archive a patient that was entered twice."""
    patient = _someone(practice)
    if patient is None or patient.visits or patient.status or patient.next_visit is not None:
        return
    if len(patient.family.members) < 2:
        return
    patient.status, patient.is_active = PATIENT_ARCHIVED, False
    target = next(member for member in patient.family.members if member is not patient)
    practice.journal.update("patient", patient.num, PatStatus=PATIENT_ARCHIVED)
    practice.journal.insert(
        "patientlink",
        PatNumFrom=patient.num,
        PatNumTo=target.num,
        LinkType=_MERGE,
        DateTimeLink=practice.journal.now,
    )
    audit.log(
        practice,
        "PatientMerge",
        user=practice.desk_user(),
        patient=target.num,
        text="Patients merged",
    )


def _leave_family(practice: Practice) -> None:
    """Make a grown-up member the guarantor of a family of their own; the account comes along."""
    patient = _someone(practice)
    if patient is None:
        return
    family = patient.family
    if patient.num == family.guarantor or family.has_payment_plan or patient.covers:
        return
    own = Family(
        guarantor=patient.num, members=[patient], address=family.address, clinic=patient.clinic
    )
    own.open = [work for work in family.open if work.patient is patient]
    family.open = [work for work in family.open if work.patient is not patient]
    family.members.remove(patient)
    patient.family = own
    practice.families.append(own)
    practice.journal.update("patient", patient.num, Guarantor=patient.num)
    practice.plan_for(practice.in_days(2, 9), "bill_family", own)


def _change_cover(practice: Practice) -> None:
    """Drop a family's cover and give it another; planned work is estimated anew."""
    patient = _someone(practice)
    if patient is None or len(patient.covers) != 1:
        return
    family = patient.family
    for member in family.members:
        for coverage in member.covers:
            practice.journal.delete("patplan", coverage.patplan)
            practice.journal.update(
                "inssub", coverage.inssub, DateTerm=practice.day - timedelta(days=1)
            )
        member.covers = []
        practice.journal.update("patient", member.num, HasIns="")
    insurance.enrol(practice, family, is_double=False)
    for member in family.members:
        for work in member.planned:
            treatment.estimate_again(practice, work)


def _change_benefit(practice: Practice) -> None:
    plan = practice.random.choice(practice.insurance_plans)
    plan.annual_max += 5_000
    practice.journal.insert(
        "inseditlog",
        FKey=plan.num,
        LogType=2,
        FieldName="MonetaryAmt",
        OldValue=str(plan.annual_max / 100 - 50),
        NewValue=str(plan.annual_max / 100),
        UserNum=practice.desk_user(),
        ParentKey=plan.num,
        Description="",
    )
    practice.journal.insert(
        "benefit",
        PlanNum=plan.num,
        BenefitType=number("InsBenefitType", "Limitations"),
        Percent=BLANK,
        MonetaryAmt=plan.annual_max / 100,
        TimePeriod=number("BenefitTimePeriod", "CalendarYear"),
        CoverageLevel=number("BenefitCoverageLevel", "Individual"),
        SecDateTEntry=practice.journal.now,
    )


def _verify_cover(practice: Practice) -> None:
    patient = _someone(practice)
    if patient is not None and patient.covers:
        insurance.verify(practice, patient.covers[0].inssub)


def _edit_call(practice: Practice) -> None:
    """Correct one call's note and delete another."""
    calls = practice.recent.of("commlog")
    if len(calls) > 2:
        practice.journal.update_quietly("commlog", calls.pop(0), Note="Called, see task.")
        practice.journal.delete("commlog", calls.pop(0))


def _delete_statement(practice: Practice) -> None:
    statements = practice.recent.of("statement")
    if statements:
        num, listed = statements.pop(0)
        practice.journal.delete("statement", num)
        for row in listed:
            practice.journal.delete("statementprod", row)


def _drop_saved_plan(practice: Practice) -> None:
    plans = practice.recent.of("treatplan")
    if plans:
        num, rows = plans.pop(0)
        for row in rows:
            practice.journal.delete("proctp", row)
        practice.journal.delete("treatplan", num)


def _forget_log_keys(practice: Practice) -> None:
    """Zero the reference of old log lines, as happens when their row is deleted."""
    for _ in range(8):
        num = practice.random.randint(1, practice.journal.last_key("securitylog"))
        practice.journal.update("securitylog", num, FKey=0)


def _change_lists(practice: Practice) -> None:
    """Edit tables that have no stamp at all."""
    journal, day = practice.journal, practice.day
    journal.update("preference", practice.preferences["BillingDefaultsNote"],
                   ValueString=f"Please pay by the end of the month ({day:%Y-%m}).")  # fmt: skip
    journal.update("definition", practice.definition("Other talk"), ItemName=f"Other, {day:%Y-%m}")
    journal.update("employee", practice.employees[-1], PhoneExt=100 + day.toordinal() % 100)
    journal.update("userod", practice.desk[-1], DateTLastLogin=journal.now)
    journal.update("recalltype", practice.lists["recall"][0], TimePattern=f"/{day.day:X<9}/")
    journal.update("sheetfield", 1, FieldValue=f"{day}")
    journal.update("patientrace", 1, Race=day.day % 9)


def _hide_room(practice: Practice) -> None:
    """Hide and show a definition nobody uses: a soft delete."""
    practice.journal.update(
        "definition", practice.definition("Postcard sent"), IsHidden=practice.day.day % 2
    )


CORRECTIONS: tuple[Callable[[Practice], None], ...] = (
    _move_house,
    _correct_name,
    _delete_patient,
    _mourn,
    _merge,
    _leave_family,
    _change_cover,
    _change_benefit,
    _verify_cover,
    _edit_call,
    _delete_statement,
    _drop_saved_plan,
    _forget_log_keys,
    _change_lists,
    _hide_room,
)
