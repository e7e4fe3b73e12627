"""Working hours of providers and staff, blockouts, and the free time of the rooms."""

from __future__ import annotations

from datetime import date, timedelta

from include.open_dental.codes import number
from simulator.clock import LUNCH, OPENS, SATURDAY_CLOSES, time_of
from simulator.world import Hours, Practice, Provider

# How far ahead working hours are entered, and appointments may be booked.
HORIZON_DAYS = 210
_PRACTICE = number("ScheduleType", "Practice")
_PROVIDER = number("ScheduleType", "Provider")
_BLOCKOUT = number("ScheduleType", "Blockout")
_EMPLOYEE = number("ScheduleType", "Employee")
_HOLIDAY = number("SchedStatus", "Holiday")


def extend(practice: Practice) -> None:
    """Enter the hours up to the horizon."""
    until = practice.day + timedelta(days=HORIZON_DAYS)
    while practice.scheduled_until <= until:
        _enter_day(practice, practice.scheduled_until)
        practice.scheduled_until += timedelta(days=1)


def _enter_day(practice: Practice, day: date) -> None:
    clock = practice.clock
    if clock.is_holiday(day):
        practice.journal.insert(
            "schedule",
            SchedDate=day,
            SchedType=_PRACTICE,
            Status=_HOLIDAY,
            Note="Closed",
        )
        return
    if not clock.is_open(day):
        return
    for provider in [*practice.dentists, *practice.hygienists]:
        if works(provider, day):
            for hours in _hours_of(provider, clock.closes(day)):
                _enter(practice, day, hours=hours)
    if day.weekday() == 2:
        room = practice.dentists[0].operatories[-1]
        _enter(practice, day, hours=Hours(OPENS, OPENS + 60, None, room))
    for index, employee in enumerate(practice.employees):
        if (day.toordinal() + index) % 3:
            practice.journal.insert(
                "schedule",
                SchedDate=day,
                StartTime=time_of(OPENS),
                StopTime=time_of(clock.closes(day)),
                SchedType=_EMPLOYEE,
                EmployeeNum=employee,
                Note="",
            )


def works(provider: Provider, day: date) -> bool:
    """Say whether a provider works on that weekday."""
    return day.weekday() in provider.weekdays


def _hours_of(provider: Provider, closes: int) -> list[Hours]:
    """Return a provider's hours of a day: before lunch and, on long days, after it."""
    room = provider.operatories[0]
    hours = [Hours(OPENS, min(LUNCH[0], closes), provider, room)]
    if closes > SATURDAY_CLOSES:
        hours.append(Hours(LUNCH[1], closes, provider, room))
    return hours


def _enter(practice: Practice, day: date, *, hours: Hours) -> None:
    """Write an interval and the room it is about."""
    is_blockout = hours.provider is None
    num = practice.journal.insert(
        "schedule",
        SchedDate=day,
        StartTime=time_of(hours.begin),
        StopTime=time_of(hours.end),
        SchedType=_BLOCKOUT if is_blockout else _PROVIDER,
        ProvNum=hours.provider.num if hours.provider else 0,
        BlockoutType=practice.definition("Staff meeting") if is_blockout else 0,
        Note="",
    )
    room = practice.journal.insert("scheduleop", ScheduleNum=num, OperatoryNum=hours.room)
    practice.hours.setdefault(day, []).append((hours, num, [room]))


def enter_again(practice: Practice, day: date) -> None:
    """Delete a coming day's hours and enter them anew, as the schedule editor does."""
    kept = practice.hours.pop(day, [])
    for _, num, rooms in kept:
        practice.journal.delete("schedule", num)
        for room in rooms:
            practice.journal.delete("scheduleop", room)
    for hours, _, _ in kept:
        _enter(practice, day, hours=hours)


def forget_past(practice: Practice) -> None:
    """Drop what is kept about days that are over."""
    for day in [day for day in practice.hours if day < practice.day]:
        del practice.hours[day]
    for day, room in [key for key in practice.free if key[0] < practice.day]:
        del practice.free[day, room]


def find_time(
    practice: Practice, provider: Provider, *, earliest: date, minutes: int
) -> tuple[date, int, int] | None:
    """Find the first free time of a provider from a day on: day, minute and room.

    Rooms fill from the morning on; None when nothing is free within the horizon.
    """
    last = practice.day + timedelta(days=HORIZON_DAYS - 1)
    day = max(earliest, practice.day)
    while day <= last:
        if practice.clock.is_open(day) and works(provider, day):
            closes = practice.clock.closes(day)
            for room in provider.operatories:
                start = practice.free.get((day, room), OPENS)
                if start < LUNCH[1] and start + minutes > LUNCH[0]:
                    start = LUNCH[1]
                if start + minutes <= closes:
                    practice.free[day, room] = start + minutes
                    return day, start, room
        day += timedelta(days=1)
    return None
