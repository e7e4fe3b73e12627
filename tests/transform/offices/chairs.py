"""Rooms, hours and appointments of an office, and what became of the appointments."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from tests.transform.offices.draft import Draft, DraftRow
from tests.transform.reports.practice import EMPTY

SCHEDULED, COMPLETE, UNSCHEDULED, ASAP, BROKEN, PLANNED, NOTE, NOTE_COMPLETE = range(1, 9)
_STATUSES = {
    0: 0.3,
    SCHEDULED: 9.0,
    COMPLETE: 4,
    UNSCHEDULED: 3,
    ASAP: 0.5,
    BROKEN: 4,
    PLANNED: 4,
    NOTE: 1,
    NOTE_COMPLETE: 1,
}
CREATED, CHANGED, MISSED, CANCELLED, DELETED = range(5)
PROVIDER, BLOCKOUT = 1, 2


def furnish_rooms(draft: Draft) -> None:
    """Write the operatories: some with a dentist, some with a hygienist, of every clinic."""
    for number in range(5):
        draft.add(
            "operatory",
            OpName=f"Room {number}",
            ClinicNum=draft.clinic(),
            ProvDentist=draft.provider(none=0.2, lost=0.1),
            ProvHygienist=draft.provider(none=0.4, lost=0.1),
            IsHidden=int(draft.chance(0.1)),
        )


def open_hours(draft: Draft) -> None:
    """Write schedules that touch, overlap and lie within each other, in rooms and in none."""
    days = [draft.day(future=0.3, empty=0.0) for _ in range(7)]
    for day in (*days, EMPTY):
        for _ in range(draft.between(2, 6)):
            start, stop = draft.pick(
                ((8, 12), (12, 17), (9, 11), (8, 17), (11, 13), (8, 12), (10, 10), (13, 14.5))
            )
            kind = draft.weighted({0: 0.5, PROVIDER: 8, BLOCKOUT: 1.5, 3: 1, 4: 0.3})
            schedule = draft.add(
                "schedule",
                SchedDate=day,
                StartTime=timedelta(hours=start),
                StopTime=timedelta(hours=stop),
                SchedType=kind,
                Status=draft.weighted({0: 8, 1: 1, 2: 1}),
                ProvNum=draft.provider(none=0.0) if kind in (PROVIDER, BLOCKOUT) else 0,
                BlockoutType=_blockout(draft) if kind == BLOCKOUT else 0,
                ClinicNum=draft.clinic(),
            )
            for room in draft.random.sample(draft.rows("operatory"), draft.pick((0, 0, 1, 2, 3))):
                draft.add(
                    "scheduleop",
                    ScheduleNum=schedule["ScheduleNum"],
                    OperatoryNum=room["OperatoryNum"],
                )


def make_appointments(draft: Draft) -> None:
    """Write appointments of every status, then planned ones that were made into others."""
    for _ in range(draft.between(40, 60)):
        _appointment(draft)
    for minutes in (0, 5):
        # Scheduled lists begin after the first moment of today.
        _appointment(draft).update(
            AptStatus=SCHEDULED,
            AptDateTime=datetime.combine(draft.today, time(0, minutes)),
        )
    planned = [row for row in draft.rows("appointment") if row["AptStatus"] == PLANNED]
    for row in draft.some(planned, 0.5):
        draft.pick(draft.rows("appointment"))["NextAptNum"] = row["AptNum"]
    for row in draft.some(draft.rows("appointment"), 0.5):
        _tell_history(draft, row)


def _appointment(draft: Draft) -> DraftRow:
    status = draft.weighted(_STATUSES)
    is_without_day = status in (UNSCHEDULED, PLANNED, NOTE) and draft.chance(0.2)
    day = EMPTY if is_without_day else draft.day(future=0.3, empty=0.01)
    return draft.add(
        "appointment",
        PatNum=draft.key_of("patient", none=0.01),
        AptStatus=status,
        AptDateTime=draft.moment(day),
        Pattern="/XX" + "X" * draft.between(0, 9) if draft.chance(0.95) else "",
        ProvNum=draft.provider(none=0.1),
        ProvHyg=draft.provider(none=0.6),
        ClinicNum=draft.clinic(),
        Op=draft.key_of("operatory", none=0.2),
        Confirmed=draft.pick((0, draft.definitions["confirmed"])),
        UnschedStatus=draft.pick((0, draft.definitions["unscheduled"])),
        Priority=int(draft.chance(0.25)),
        SecDateTEntry=draft.moment(draft.day(future=0)),
        IsNewPatient=int(draft.chance(0.2)),
    )


def _tell_history(draft: Draft, appointment: DraftRow) -> None:
    """Write the past of an appointment: made, then broken with or without a code, or moved."""
    story = draft.pick(
        (
            ((CREATED, SCHEDULED),),
            ((CREATED, SCHEDULED), (CHANGED, BROKEN)),
            ((CREATED, SCHEDULED), (CHANGED, BROKEN), (CHANGED, BROKEN), (CHANGED, SCHEDULED)),
            ((CREATED, SCHEDULED), (MISSED, BROKEN)),
            ((CREATED, SCHEDULED), (CANCELLED, BROKEN), (CHANGED, SCHEDULED), (MISSED, BROKEN)),
            ((CREATED, SCHEDULED), (CHANGED, UNSCHEDULED), (DELETED, UNSCHEDULED)),
        )
    )
    told = draft.moment(draft.after(-draft.between(20, 120)))
    for action, status in story:
        told = datetime.combine(told.date() + timedelta(days=draft.between(1, 6)), time(9, 30))
        draft.add(
            "histappointment",
            AptNum=appointment["AptNum"],
            HistDateTStamp=told,
            HistApptAction=action,
            HistUserNum=draft.key_of("userod"),
            AptStatus=status,
            **{
                name: appointment[name]
                for name in (
                    *("PatNum", "Pattern", "ProvNum", "ProvHyg"),
                    *("AptDateTime", "ClinicNum", "Op", "Confirmed"),
                )
            },
        )


def _blockout(draft: Draft) -> int:
    return draft.definitions[draft.pick(("lunch", "meeting", "emergency"))]
