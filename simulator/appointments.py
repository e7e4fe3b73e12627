"""Booking, confirming, moving and breaking appointments, with the history of each."""

from __future__ import annotations

from datetime import date, timedelta

from include.open_dental.codes import number
from include.open_dental.values import EMPTY_DATETIME
from simulator import audit, contacts, schedule
from simulator.books import Kind, Posting
from simulator.clock import moment
from simulator.journal import Row
from simulator.names import VISIT_NOTES
from simulator.statuses import (
    APPOINTMENT_BROKEN,
    APPOINTMENT_SCHEDULED,
    APPOINTMENT_UNSCHEDULED,
    PROCEDURE_COMPLETE,
)
from simulator.world import Appointment, Patient, Practice, Procedure, Provider

CREATED = number("HistAppointmentAction", "Created")
CHANGED = number("HistAppointmentAction", "Changed")
MISSED = number("HistAppointmentAction", "Missed")
CANCELLED = number("HistAppointmentAction", "Cancelled")
DELETED = number("HistAppointmentAction", "Deleted")
_TYPES = {"recall": 0, "treatment": 1, "emergency": 2, "new": 3}
# Shares of booked visits that are cancelled and moved before the day.
CANCELLED_SHARE = 0.05
MOVED_SHARE = 0.05


def book(
    practice: Practice,
    patient: Patient,
    *,
    purpose: str,
    procedures: list[Procedure],
    earliest: date,
) -> Appointment | None:
    """Book a visit for procedures that are planned; None when no provider has time."""
    provider = _provider(practice, patient, purpose=purpose, procedures=procedures)
    minutes = max(20, sum(p.code.minutes for p in procedures))
    minutes = min(-(-minutes // 10) * 10, 180)
    found = schedule.find_time(practice, provider, earliest=earliest, minutes=minutes)
    if found is None:
        return None
    day, minute, room = found
    user = practice.desk_user()
    journal = practice.journal
    values: Row = {
        "PatNum": patient.num,
        "AptStatus": APPOINTMENT_SCHEDULED,
        "Pattern": "/" + "X" * (minutes // 5 - 2) + "/",
        "Confirmed": practice.definition("Not called"),
        "Op": room,
        "Note": practice.random.choice(VISIT_NOTES),
        "ProvNum": patient.provider if provider.is_hygienist else provider.num,
        "ClinicNum": provider.clinic,
        "ProvHyg": patient.hygienist if provider.is_hygienist else 0,
        "AptDateTime": moment(day, minute),
        "IsNewPatient": int(patient.visits == 0),
        "ProcDescript": ", ".join(p.code.code for p in procedures),
        "IsHygiene": int(provider.is_hygienist),
        "DateTimeArrived": EMPTY_DATETIME,
        "DateTimeSeated": EMPTY_DATETIME,
        "DateTimeDismissed": EMPTY_DATETIME,
        "InsPlan1": patient.covers[0].plan.num if patient.covers else 0,
        "AppointmentTypeNum": practice.lists["appointmenttype"][_TYPES[purpose]],
        "SecUserNumEntry": user,
        "SecDateTEntry": journal.now,
        "Priority": int(practice.chance(0.03)),
        "ColorOverride": 0,
        "ProcsColored": "",
    }
    num = journal.insert("appointment", **values)
    appointment = Appointment(
        num, patient, purpose, day, minute, minutes, room,
        patient.provider if provider.is_hygienist else provider.num,
        patient.hygienist if provider.is_hygienist else 0, procedures, provider.clinic,
    )  # fmt: skip
    appointment.values = values
    for procedure in procedures:
        journal.update("procedurelog", procedure.num, AptNum=num)
    keep_history(practice, appointment, action=CREATED, user=user)
    audit.log(
        practice, "AppointmentCreate", user=user, patient=patient.num, text="Appointment created"
    )
    audit.entry(practice, user, appointment=num)
    patient.next_visit = appointment
    if purpose == "recall":
        journal.update("recall", patient.recall, DateScheduled=day)
    _plan_ahead(practice, appointment)
    return appointment


def _provider(
    practice: Practice, patient: Patient, *, purpose: str, procedures: list[Procedure]
) -> Provider:
    is_hygiene = purpose in ("recall", "new")
    wanted = patient.hygienist if is_hygiene else patient.provider
    if purpose == "emergency":
        wanted = procedures[0].provider
    pool = practice.hygienists if is_hygiene else practice.dentists
    return next(provider for provider in pool if provider.num == wanted)


def _plan_ahead(practice: Practice, appointment: Appointment) -> None:
    """Put the visit itself and what happens before it on the agenda."""
    practice.plan_for(appointment.day, "visit", appointment)
    ahead = (appointment.day - practice.day).days
    if ahead >= 3:
        practice.plan_for(appointment.day - timedelta(days=2), "confirm", appointment)
    fate = practice.random.random()
    if fate < CANCELLED_SHARE:
        day = appointment.day - timedelta(days=practice.random.randint(0, min(ahead, 4)))
        practice.plan_for(day, "cancel", appointment)
    elif fate < CANCELLED_SHARE + MOVED_SHARE and ahead > 5:
        day = practice.day + timedelta(days=practice.random.randint(1, ahead - 3))
        practice.plan_for(day, "move", appointment)


def keep_history(practice: Practice, appointment: Appointment, *, action: int, user: int) -> int:
    """Copy the appointment's row into its history; return the copy's number."""
    return practice.journal.insert(
        "histappointment",
        **{
            **appointment.values,
            "HistUserNum": user,
            "HistDateTStamp": practice.journal.now,
            "HistApptAction": action,
            "AptNum": appointment.num,
        },
    )


def change(practice: Practice, appointment: Appointment, **values: str | int) -> None:
    """Change columns of an appointment and remember them for its history."""
    appointment.values.update(values)
    practice.journal.update("appointment", appointment.num, **values)


def confirm(practice: Practice, appointment: Appointment) -> None:
    """Call or text before the visit."""
    if appointment.status != APPOINTMENT_SCHEDULED:
        return
    text = practice.chance(0.6)
    name = "Confirmed by text" if text else practice.random.choice(("Confirmed", "Message left"))
    change(practice, appointment, Confirmed=practice.definition(name))
    contacts.talk(practice, appointment.patient, subject="About a visit", is_text=text)
    if practice.chance(practice.plan.habits.kept_confirmations):
        keep_history(practice, appointment, action=CHANGED, user=practice.desk_user())


def move(practice: Practice, appointment: Appointment) -> None:
    """Give the visit another day."""
    if appointment.status != APPOINTMENT_SCHEDULED or appointment.day <= practice.day:
        return
    provider = _provider(
        practice,
        appointment.patient,
        purpose=appointment.purpose,
        procedures=appointment.procedures,
    )
    earliest = appointment.day + timedelta(days=practice.random.randint(1, 14))
    found = schedule.find_time(practice, provider, earliest=earliest, minutes=appointment.minutes)
    if found is None:
        return
    appointment.day, appointment.minute, appointment.operatory = found
    change(
        practice,
        appointment,
        AptDateTime=moment(appointment.day, appointment.minute),
        Op=appointment.operatory,
    )
    user = practice.desk_user()
    keep_history(practice, appointment, action=CHANGED, user=user)
    audit.log(
        practice,
        "AppointmentMove",
        user=user,
        patient=appointment.patient.num,
        text="Appointment moved",
    )
    practice.plan_for(appointment.day, "visit", appointment)


def break_visit(practice: Practice, appointment: Appointment, *, action: int) -> None:
    """Break a visit that was missed or cancelled, chart it, and perhaps find another day."""
    if appointment.status != APPOINTMENT_SCHEDULED:
        return
    journal, patient = practice.journal, appointment.patient
    user = practice.desk_user()
    to_list = action == CANCELLED and practice.rarely("unscheduled list", 0.25)
    appointment.status = APPOINTMENT_UNSCHEDULED if to_list else APPOINTMENT_BROKEN
    kind = (
        0
        if practice.chance(0.85)
        else practice.lists["appointmenttype"][_TYPES[appointment.purpose]]
    )
    change(practice, appointment, AptStatus=appointment.status, AppointmentTypeNum=kind)
    event = keep_history(practice, appointment, action=action, user=user)
    practice.books.post(Kind.BROKEN_APPOINTMENT, event, Posting(patient.num, practice.day, 0))
    chart_broken(
        practice, patient, appointment=appointment, code="D9986" if action == MISSED else "D9987"
    )
    audit.log(
        practice, "AppointmentEdit", user=user, patient=patient.num, text="Appointment broken"
    )
    contacts.talk(practice, patient, subject="About a visit")
    if patient.next_visit is appointment:
        patient.next_visit = None
    for procedure in appointment.procedures:
        journal.update("procedurelog", procedure.num, AptNum=0)
    if practice.chance(0.72) and patient.is_active:
        day = practice.day + timedelta(days=practice.random.randint(2, 30))
        book(
            practice,
            patient,
            purpose=appointment.purpose,
            procedures=appointment.procedures,
            earliest=day,
        )


def chart_broken(
    practice: Practice, patient: Patient, *, appointment: Appointment, code: str
) -> None:
    """Chart a completed procedure that says the visit was broken; it costs nothing."""
    broken = practice.codes[code]
    num = practice.journal.insert(
        "procedurelog",
        PatNum=patient.num,
        AptNum=appointment.num,
        ProcDate=practice.day,
        ProcFee=0.0,
        ProcStatus=PROCEDURE_COMPLETE,
        ProvNum=appointment.provider,
        ClinicNum=appointment.clinic,
        CodeNum=broken.num,
        UnitQty=1,
        DateTP=practice.day,
        DateEntryC=practice.day,
        DateComplete=practice.day,
        SecUserNumEntry=practice.desk_user(),
        SecDateEntry=practice.journal.now,
    )
    practice.books.post(Kind.PRODUCTION, num, Posting(patient.num, practice.day, 0))


def remove(practice: Practice, appointment: Appointment) -> None:
    """Delete an appointment for good; its history keeps the whole row."""
    user = practice.desk_user()
    keep_history(practice, appointment, action=DELETED, user=user)
    practice.journal.delete("appointment", appointment.num)
    appointment.status = 0
    audit.log(
        practice,
        "AppointmentDelete",
        user=user,
        patient=appointment.patient.num,
        text="Appointment deleted",
    )
    if appointment.patient.next_visit is appointment:
        appointment.patient.next_visit = None
    for procedure in appointment.procedures:
        practice.journal.update("procedurelog", procedure.num, AptNum=0)
