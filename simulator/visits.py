"""The day of a visit: who comes, what is done, and what is arranged next."""

from __future__ import annotations

from datetime import timedelta

from include.open_dental.values import EMPTY_DATE, EMPTY_DATETIME
from simulator import (
    adjustments,
    appointments,
    audit,
    claims,
    insurance,
    money,
    preauthorizations,
    treatment,
)
from simulator.books import Kind
from simulator.clock import moment
from simulator.names import PROCEDURE_NOTES
from simulator.statuses import (
    APPOINTMENT_COMPLETE,
    APPOINTMENT_PLANNED,
    APPOINTMENT_SCHEDULED,
    PROCEDURE_COMPLETE,
)
from simulator.world import Appointment, Patient, Practice, Procedure

NOTED_SHARE = 0.6
# Share of estimates that are made anew when the work is done.
RE_ESTIMATED_SHARE = 0.08
TREATMENT_FOUND_SHARE = 0.34
ACCEPTED_SHARE = 0.62


def visit(practice: Practice, appointment: Appointment) -> None:
    """Let a booked visit take place, or be missed."""
    if appointment.status != APPOINTMENT_SCHEDULED or appointment.day != practice.day:
        return
    if practice.chance(0.1 * (1.15 - appointment.patient.habit)):
        appointments.break_visit(practice, appointment, action=appointments.MISSED)
        return
    complete(practice, appointment)


def complete(practice: Practice, appointment: Appointment) -> None:
    """Do the work of a visit, send the bill, and arrange what comes next."""
    patient = appointment.patient
    end = min(appointment.minute + appointment.minutes, 20 * 60)
    day, random = practice.day, practice.random
    practice.clock.tell(end)
    appointment.status = APPOINTMENT_COMPLETE
    seated = appointment.minute + random.randint(0, 15)
    appointments.change(
        practice,
        appointment,
        AptStatus=APPOINTMENT_COMPLETE,
        Confirmed=practice.definition("Arrived"),
        DateTimeArrived=moment(day, max(0, appointment.minute - random.randint(0, 20))),
        DateTimeSeated=moment(day, seated),
        DateTimeDismissed=moment(day, end),
    )
    if patient.next_visit is appointment:
        patient.next_visit = None
    done = appointment.procedures
    is_new = patient.visits == 0
    for work in done:
        complete_procedure(practice, work)
    patient.visits += 1
    user = practice.hygienists[0].user
    audit.log(practice, "ChartModule", user=user, patient=patient.num, text="Chart opened")
    audit.log(practice, "ProcComplCreate", user=user, patient=patient.num, text="Work completed")
    audit.log(
        practice,
        "AccountModule",
        user=practice.desk_user(),
        patient=patient.num,
        text="Account opened",
    )
    claims.bill(practice, patient, done=done)
    adjustments.discount(practice, patient, done=done)
    money.checkout(practice, patient, done=done)
    if is_new:
        treatment.chart_teeth(practice, patient)
        audit.sheet(practice, patient.num, name="Medical history")
    _arrange(practice, appointment)


def complete_procedure(practice: Practice, work: Procedure) -> None:
    """Set a planned procedure complete: production of today."""
    day, journal, patient = practice.day, practice.journal, work.patient
    work.completed_on = day
    journal.update(
        "procedurelog",
        work.num,
        ProcStatus=PROCEDURE_COMPLETE,
        ProcDate=day,
        DateComplete=day,
        DateEntryC=day,
        ProcFee=work.fee / 100,
    )
    practice.books.post(
        Kind.PRODUCTION, work.num, work.posting(day, work.total)._replace(is_visit=True)
    )
    practice.recent.remember("procedure", work)
    if patient.covers and (not work.lines or practice.chance(RE_ESTIMATED_SHARE)):
        treatment.estimate_again(practice, work)
    if work.lines and work.lines[0].coverage.plan.kind == "c":
        claims.settle_capitation(practice, work)
    elif work.code.benefit == "none":
        insurance.drop_estimates(practice, work)
    if work in patient.planned:
        patient.planned.remove(work)
    patient.family.open.append(work)
    if practice.chance(NOTED_SHARE):
        journal.insert(
            "procnote",
            PatNum=patient.num,
            ProcNum=work.num,
            EntryDateTime=journal.now,
            UserNum=practice.hygienists[0].user,
            Note=practice.random.choice(PROCEDURE_NOTES),
            Signature="",
        )
    if work.code.code == "D7140" and work.tooth:
        journal.insert("toothinitial", PatNum=patient.num, ToothNum=work.tooth, InitialType=0)


def _arrange(practice: Practice, appointment: Appointment) -> None:
    patient, purpose = appointment.patient, appointment.purpose
    if purpose in ("recall", "new"):
        _set_recall(practice, patient)
        if patient.age(practice.day) > 17 and practice.chance(0.22):
            treatment.measure_gums(practice, patient)
        if practice.chance(0.3):
            audit.document(
                practice, patient.num, provider=patient.provider, description="Bitewings"
            )
    if purpose != "treatment" and practice.chance(TREATMENT_FOUND_SHARE):
        found = treatment.diagnose(practice, patient)
        offer(practice, patient, found=found)
    if purpose == "treatment" and any(w.code.area == "tooth" for w in appointment.procedures):
        _order_from_laboratory(practice, appointment)
    if purpose in ("recall", "new"):
        _next_recall(practice, patient)


def offer(practice: Practice, patient: Patient, *, found: list[Procedure]) -> None:
    """Offer treatment: booked now, booked as a plan, asked for later, or left."""
    journal = practice.journal
    is_insured = any(line.insurance for work in found for line in work.lines)
    if is_insured and practice.rarely("preauthorization", preauthorizations.ASKED):
        preauthorizations.ask(practice, patient, found=found)
    if practice.chance(ACCEPTED_SHARE):
        day = practice.day + timedelta(days=practice.random.randint(3, 40))
        if sum(w.total for w in found) > 150_000 and practice.rarely("prepayment", 0.3):
            money.prepay(practice, patient, found=found)
        appointments.book(practice, patient, purpose="treatment", procedures=found, earliest=day)
        return
    if practice.chance(0.35):
        num = journal.insert(
            "appointment",
            PatNum=patient.num,
            AptStatus=APPOINTMENT_PLANNED,
            Pattern="/XXXXXX/",
            Confirmed=practice.definition("Not called"),
            ProvNum=patient.provider,
            ClinicNum=patient.clinic,
            ProcDescript=", ".join(w.code.code for w in found),
            DateTimeArrived=EMPTY_DATETIME,
            DateTimeSeated=EMPTY_DATETIME,
            DateTimeDismissed=EMPTY_DATETIME,
            ItemOrderPlanned=1,
        )
        for work in found:
            journal.update("procedurelog", work.num, PlannedAptNum=num)
    if practice.chance(0.3):
        practice.plan_for(practice.in_days(20, 120), "accept", (patient, found))
    elif practice.chance(0.25):
        practice.plan_for(practice.in_days(60, 300), "drop_plan", found)


def _set_recall(practice: Practice, patient: Patient) -> None:
    months = 3 if patient.is_perio else 6
    due = practice.day + timedelta(days=round(30.5 * months))
    practice.journal.update(
        "recall",
        patient.recall,
        DatePrevious=practice.day,
        DateDueCalc=due,
        DateDue=due,
        DateScheduled=EMPTY_DATE,
    )


def _next_recall(practice: Practice, patient: Patient) -> None:
    if not patient.is_active:
        return
    months = 3 if patient.is_perio else 6
    due = practice.day + timedelta(days=round(30.5 * months) + practice.random.randint(0, 20))
    if practice.chance(patient.habit * 0.75):
        work = treatment.hygiene_procedures(practice, patient)
        appointments.book(practice, patient, purpose="recall", procedures=work, earliest=due)
    else:
        practice.plan_for(practice.clock.open_day(due), "recall_due", patient)


def _order_from_laboratory(practice: Practice, appointment: Appointment) -> None:
    if not practice.chance(0.4):
        return
    practice.journal.insert(
        "labcase",
        PatNum=appointment.patient.num,
        LaboratoryNum=practice.random.choice(practice.lists["laboratory"]),
        AptNum=appointment.num,
        DateTimeCreated=practice.journal.now,
        DateTimeSent=practice.journal.now,
        ProvNum=appointment.provider,
        Instructions="Shade A2.",
        LabFee=145.0,
    )
