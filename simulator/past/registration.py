"""Registers the families of the years before, and hands over those who still come."""

from __future__ import annotations

from datetime import date

from include.open_dental.values import (
    EMPTY_DATE,
    EMPTY_DATETIME,
    INTERVAL_MONTH,
    INTERVAL_YEAR,
)
from simulator.past.careers import FormerFamily, FormerPatient
from simulator.past.desk import Desk
from simulator.statuses import PATIENT_ARCHIVED, PATIENT_DECEASED, PATIENT_INACTIVE
from simulator.world import Coverage, Family, Patient, Practice

# PatStatus of patients who stay away, as often as they occur.
_GONE = (PATIENT_INACTIVE, PATIENT_INACTIVE, PATIENT_INACTIVE, 0, PATIENT_ARCHIVED)
_OLD_AGE_DAYS = 75 * 365
# Families that had another cover before; patients with a second kind of recall.
CHANGED_COVER = 0.6
SECOND_RECALL = 0.62
_MONTH_DAYS = 30.5
# Within so many days after the handover every family that still comes hears of its next visit.
_RECALLED_WITHIN_DAYS = 170


def register(desk: Desk, family: FormerFamily) -> None:
    """Write a family's members, their recalls and their cover."""
    if family.plan is not None:
        _enrol(desk, family)
    for patient in family.members:
        _write_patient(desk, family, patient)
        _write_recalls(desk, family, patient)


def _enrol(desk: Desk, family: FormerFamily) -> None:
    pen, random, plan = desk.pens["inssub"], desk.random, family.plan
    plan_num = plan.num if plan is not None else 0
    ended = date.fromordinal(family.arrived + random.randint(0, 300)).isoformat()
    for termination in (ended, EMPTY_DATE) if random.random() < CHANGED_COVER else (EMPTY_DATE,):
        pen.key += 1
        begun = date.fromordinal(family.arrived - random.randint(30, 900)).isoformat()
        pen.write(
            f"{pen.key}\t{plan_num}\t{family.guarantor}\t{begun}\t{termination}\t1\t1"
            f"\tS{random.randint(10_000_000, 99_999_999)}\t{desk.user()}\t{desk.text}"
            f"\t{desk.text} 10:00:00"
        )
    family.inssub = pen.key
    covers = desk.pens["patplan"]
    for index, patient in enumerate(family.members):
        covers.key += 1
        patient.patplan = covers.key
        covers.write(
            f"{covers.key}\t{patient.num}\t1\t{_relationship(index)}\t\t{family.inssub}"
            f"\t{desk.text} 10:00:00\t{desk.text} 10:00:00"
        )


def _relationship(index: int) -> int:
    """Return self, spouse or child for a family's member."""
    return min(index, 2)


def _write_patient(desk: Desk, family: FormerFamily, patient: FormerPatient) -> None:
    random, day = desk.random, desk.text
    pen = desk.pens["patient"]
    pen.key = patient.num
    street, city, digits = family.address
    age_days = family.arrived - patient.born.toordinal()
    status = 0 if family.stays else random.choice(_GONE)
    died = EMPTY_DATETIME
    if not family.stays and age_days > _OLD_AGE_DAYS and random.random() < 0.5:
        status = PATIENT_DECEASED
        died = f"{date.fromordinal(min(desk.last, desk.day + random.randint(500, 4_000)))} 00:00:00"
    phone = f"({random.randint(200, 989)})555-01{random.randint(0, 99):02}"
    pen.write(
        f"{patient.num}\t{patient.last}\t{patient.first}\t{status}\t{patient.gender}"
        f"\t{int(age_days > 25 * 365)}\t{patient.born}\t{street}\t{city}\tOR\t{digits}\t{phone}"
        f"\t{phone}\t{family.guarantor}\t"
        f"\t{patient.first.lower()}.{patient.last.lower()}.{patient.num}@example.com"
        f"\t{family.dentist}\t{family.hygienist}"
        f"\t{desk.practice.definition('Standard account')}\t{day}\t{'I' if family.plan else ''}"
        f"\t{random.choice((0, 4, 8))}\t{random.choice((0, 4, 8))}\t{random.choice((0, 5, 8))}\t1"
        f"\t{desk.user()}\t{day}\t{died}\t{day} 10:00:00\t{family.clinic}"
    )


def _write_recalls(desk: Desk, family: FormerFamily, patient: FormerPatient) -> None:
    """Write when a patient should come again: the last visit is known from the calendar."""
    pen, kinds = desk.pens["recall"], desk.practice.lists["recall"]
    last = family.days[-1] if family.days else family.arrived
    months = 3 if patient.is_perio else 6
    due = date.fromordinal(last + round(_MONTH_DAYS * months))
    child = patient.is_child(last)
    rows = [(kinds[2 if patient.is_perio else 1 if child else 0], months * INTERVAL_MONTH, due)]
    if desk.random.random() < SECOND_RECALL:
        rows.insert(0, (kinds[3], INTERVAL_YEAR, date.fromordinal(last + 365)))
    for kind, interval, due in rows:
        pen.key += 1
        pen.write(
            f"{pen.key}\t{patient.num}\t{due}\t{due}\t{date.fromordinal(last)}\t{interval}\t0\t"
            f"\t{kind}\t{desk.text} 10:00:00"
        )
    patient.recall = pen.key


def hand_over(practice: Practice, families: list[FormerFamily]) -> None:
    """Bring the families that still come into the lived years; remember who the others belong to.

    The practice's clock must stand on the first lived day.
    """
    for former in families:
        if former.stays:
            _go_on(practice, former)
        else:
            practice.former.update((m.num, former.guarantor) for m in former.members)


def _go_on(practice: Practice, former: FormerFamily) -> None:
    random = practice.random
    street, city, digits = former.address
    family = Family(former.guarantor, address=(street, city, "OR", digits), clinic=former.clinic)
    family.unearned = former.unearned
    habit = 0.55 + 0.43 * random.random()
    for index, member in enumerate(former.members):
        patient = Patient(
            member.num, family, member.last, member.first, member.born, member.gender,
            former.dentist, former.hygienist, habit, former.clinic, member.is_perio,
            visits=member.visits, recall=member.recall,
        )  # fmt: skip
        if former.plan is not None:
            patient.covers.append(
                Coverage(member.patplan, former.inssub, former.plan, 1, _relationship(index))
            )
        family.members.append(patient)
        practice.patients.append(patient)
        if member.visits:
            practice.plan_for(practice.in_days(0, _RECALLED_WITHIN_DAYS), "recall_due", patient)
    practice.families.append(family)
