"""What the staff leave behind every day: time clock, log-ins, tasks, calls, signals."""

from __future__ import annotations

from include.open_dental.values import BLANK_TIME
from simulator import audit, contacts
from simulator.clock import LUNCH, OPENS, moment
from simulator.world import Practice

# Screens that are looked at a day, for every hundred patients on the books.
VIEWS_PER_HUNDRED = 2.2
CALLS_PER_HUNDRED = 0.6


def clock_in(practice: Practice) -> None:
    """Let the staff come to work, and correct some of their hours."""
    journal, random, day = practice.journal, practice.random, practice.day
    for index, employee in enumerate(practice.employees):
        if not (day.toordinal() + index) % 3:
            continue
        start = OPENS - random.randint(0, 12)
        end = practice.clock.closes(day) + random.randint(-10, 25)
        pieces = [(start, LUNCH[0], 1), (LUNCH[1], end, 0)] if end > LUNCH[1] else [(start, end, 0)]
        for begin, stop, status in pieces:
            journal.insert(
                "clockevent",
                EmployeeNum=employee,
                ClinicNum=practice.clinic_in_turn(index),
                TimeEntered1=moment(day, begin),
                TimeDisplayed1=moment(day, begin),
                ClockStatus=status,
                Note=None,
                TimeEntered2=moment(day, stop),
                TimeDisplayed2=moment(day, stop),
                OTimeHours=BLANK_TIME,
                OTimeAuto="00:00:00",
                Adjust=f"-00:{end % 60:02}:00" if practice.chance(0.03) else "00:00:00",
                AdjustAuto="-00:15:00" if practice.chance(0.1) else "00:00:00",
                Rate2Hours=BLANK_TIME,
                Rate2Auto="00:00:00",
                Rate3Hours=BLANK_TIME,
                Rate3Auto="00:00:00",
            )
        audit.log(practice, "UserLogOnOff", user=practice.desk[index], patient=0, text="Logged on")
        if practice.chance(0.02):
            _adjust_time(practice, employee)
    if day.day <= 14 and day.weekday() == 0:
        journal.insert("payperiod", DateStart=day, DateStop=day.replace(day=day.day + 13))


def _adjust_time(practice: Practice, employee: int) -> None:
    """Give or take hours; whole weeks of leave go beyond a day's 24 hours."""
    hours = practice.random.choice(("-02:30:00", "-40:00:00", "04:00:00", "01:15:00"))
    practice.journal.insert(
        "timeadjust",
        EmployeeNum=employee,
        TimeEntry=practice.journal.now,
        RegHours=hours,
        OTimeHours="-00:45:00" if practice.chance(0.3) else "00:00:00",
        Note=None,
        PtoDefNum=practice.definition("Holiday pay"),
        PtoHours="08:00:00",
        SecuUserNumEntry=practice.desk[0],
    )


def fill_the_day(practice: Practice) -> None:
    """Look at accounts, take calls that lead to nothing, open and close tasks."""
    random, journal = practice.random, practice.journal
    known = len(practice.patients)
    if not known:
        return
    for _ in range(int(known / 100 * VIEWS_PER_HUNDRED) + 1):
        patient = random.choice(practice.patients)
        permission = random.choice(("FamilyModule", "AccountModule"))
        audit.log(
            practice, permission, user=practice.desk_user(), patient=patient.num, text="Looked at"
        )
    for _ in range(int(known / 100 * CALLS_PER_HUNDRED) + 1):
        subject = random.choice(("Other talk", "Text message", "About money", "About recall"))
        contacts.talk(practice, random.choice(practice.patients), subject=subject)
    if practice.chance(0.5):
        num = contacts.task(practice, random.choice(practice.patients), text="Call back, please")
        practice.plan_for(practice.in_days(1, 20), "finish_task", num)
    if practice.chance(0.1):
        contacts.task(practice, None, text="Order gloves")
    if practice.chance(0.2):
        patient = random.choice(practice.patients)
        journal.insert(
            "rxpat",
            PatNum=patient.num,
            RxDate=practice.day,
            Drug="Amoxicillin 500 mg",
            Sig="One three times a day",
            Disp="21",
            Refills="0",
            ProvNum=patient.provider,
            ClinicNum=patient.clinic,
            PharmacyNum=random.choice(practice.lists["pharmacy"]),
            DaysOfSupply=7.0 if practice.chance(0.5) else None,
            UserNum=practice.dentists[0].user,
        )
    if practice.chance(0.1):
        journal.insert("loginattempt", UserName="desk0", DateTFail=journal.now)
    journal.insert("signalod", SigDateTime=journal.now, IType=1, MsgValue="")
    journal.update("computer", 1, LastHeartBeat=journal.now)
