"""One simulated day: the agenda of visits, claims and bills, and what the office does around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from simulator import (
    appointments,
    audit,
    checks,
    claims,
    contacts,
    corrections,
    dirt,
    money,
    payment_plans,
    people,
    preauthorizations,
    schedule,
    staff,
    treatment,
    visits,
)
from simulator.statuses import APPOINTMENT_SCHEDULED, PATIENT_INACTIVE
from simulator.world import Appointment, Patient, Practice, Procedure

# Chance a day, for every patient on the books, of calling about a sudden pain.
EMERGENCY_RATE = 0.00035
_LEAVING_SHARE = 0.10


def live(practice: Practice) -> None:
    """Live through the practice's current day, then bank the money."""
    if practice.clock.is_open(practice.day):
        schedule.extend(practice)
        schedule.forget_past(practice)
        staff.clock_in(practice)
        people.expect_more(practice)
        _sudden_pain(practice)
    received: list[Any] = []
    minute = 8 * 60
    agenda = practice.agenda.pop(practice.day, [])
    # What happens may put more on today's agenda.
    while agenda:
        for index, (event, subject) in enumerate(agenda):
            practice.clock.tell(minute + index * 480 // len(agenda))
            if event == "check":
                received.append(subject)
            else:
                _HANDLERS[event](practice, subject)
        agenda = practice.agenda.pop(practice.day, [])
    practice.clock.tell(16 * 60 + 30)
    checks.write(practice, received)
    if practice.clock.is_open(practice.day):
        corrections.correct(practice)
        staff.fill_the_day(practice)
    money.bank(practice)


def _family(practice: Practice, size: int) -> None:
    family = people.arrive(practice, size)
    for patient in family.members:
        contacts.talk(practice, patient, subject="About a visit")
        if practice.chance(0.93):
            work = treatment.hygiene_procedures(practice, patient)
            day = practice.day + timedelta(days=practice.random.randint(0, 21))
            appointments.book(practice, patient, purpose="new", procedures=work, earliest=day)


def _sudden_pain(practice: Practice) -> None:
    expected = EMERGENCY_RATE * len(practice.patients)
    while expected > 0 and practice.chance(min(1.0, expected)):
        expected -= 1
        patient = practice.random.choice(practice.patients)
        if patient.is_active and patient.visits and patient.next_visit is None:
            work = treatment.emergency_procedures(practice, patient)
            appointments.book(
                practice, patient, purpose="emergency", procedures=work, earliest=practice.day
            )


def _cancel(practice: Practice, appointment: Appointment) -> None:
    is_booked = appointment.status == APPOINTMENT_SCHEDULED
    if is_booked and practice.rarely("removed appointment", 0.12):
        appointments.remove(practice, appointment)
    else:
        appointments.break_visit(practice, appointment, action=appointments.CANCELLED)


def _recall_due(practice: Practice, patient: Patient) -> None:
    """Remind a patient who left without a next visit; some never come again."""
    if not patient.is_active or patient.next_visit is not None:
        return
    contacts.talk(practice, patient, subject="About recall", is_text=practice.chance(0.5))
    practice.journal.update(
        "recall", patient.recall, RecallStatus=practice.definition("Text sent"), Note=""
    )
    if practice.chance(patient.habit * 0.6):
        work = treatment.hygiene_procedures(practice, patient)
        appointments.book(
            practice, patient, purpose="recall", procedures=work, earliest=practice.in_days(2, 30)
        )
    elif practice.chance(_LEAVING_SHARE):
        patient.is_active = False
        patient.status = PATIENT_INACTIVE
        practice.journal.update("patient", patient.num, PatStatus=PATIENT_INACTIVE)
        audit.log(
            practice,
            "PatientEdit",
            user=practice.desk_user(),
            patient=patient.num,
            text="Patient set inactive",
        )
    else:
        practice.plan_for(practice.in_days(30, 90), "recall_due", patient)


def _accept(practice: Practice, offer: tuple[Patient, list[Procedure]]) -> None:
    patient, found = offer
    waiting = [work for work in found if work in patient.planned]
    if waiting and patient.is_active and patient.next_visit is None:
        appointments.book(
            practice,
            patient,
            purpose="treatment",
            procedures=waiting,
            earliest=practice.in_days(3, 30),
        )


def _drop_plan(practice: Practice, found: list[Procedure]) -> None:
    for work in found:
        if work in work.patient.planned and not work.is_preauthorized:
            treatment.remove_planned(practice, work)


_HANDLERS: dict[str, Callable[[Practice, Any], None]] = {
    "family": _family,
    "visit": visits.visit,
    "confirm": appointments.confirm,
    "cancel": _cancel,
    "move": appointments.move,
    "recall_due": _recall_due,
    "accept": _accept,
    "drop_plan": _drop_plan,
    "claim_sent": claims.send,
    "claim_answered": claims.receive,
    "preauthorized": preauthorizations.answer,
    "supplement": claims.supplement,
    "check_complete": checks.complete,
    "bill_family": money.bill,
    "pay_bill": money.pay_bill,
    "payment_plan": payment_plans.agree,
    "plan_month": payment_plans.month,
    "finish_task": contacts.finish_task,
    "dirt": dirt.soil,
}
