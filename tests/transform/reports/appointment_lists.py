"""What the lists of appointments share: their columns, their range of days, what follows a plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.transform.reports.practice import Practice, Row, day, identity

PLANNED = 6
MINUTES_A_LETTER = 5


def moment(value: datetime) -> datetime | None:
    """Return a moment as a mart holds it: None for the empty one."""
    return None if day(value) is None else value


def minutes(appointment: Row) -> int:
    """Return the length of an appointment: its pattern has one letter per five minutes."""
    return len(appointment["Pattern"]) * MINUTES_A_LETTER


def is_in_range(practice: Practice, appointment: Row, past: int, future: int) -> bool:
    """Return whether an appointment is so many days around today; -1 is no bound.

    An appointment without a time is long ago: in range only without a bound to the past.
    """
    on = appointment["AptDateTime"].date()
    is_late_enough = past == -1 or on >= practice.today - timedelta(days=past)
    return is_late_enough and (future == -1 or on <= practice.today + timedelta(days=future))


def followed_appointments(practice: Practice) -> frozenset[int]:
    """Return the planned appointments that another appointment carries out."""
    return frozenset(row["NextAptNum"] for row in practice.rows("appointment"))


def listed_row(practice: Practice, appointment: Row, *, is_in_default_report: bool) -> Row:
    """Return an appointment as the lists of what is to be scheduled hold it."""
    return {
        "appointment_id": appointment["AptNum"],
        "as_of_on": practice.today,
        "patient_id": identity(appointment["PatNum"]),
        "provider_id": identity(appointment["ProvNum"]),
        "hygienist_id": identity(appointment["ProvHyg"]),
        "clinic_id": identity(appointment["ClinicNum"]),
        "appointment_status_code": appointment["AptStatus"],
        "scheduled_at": moment(appointment["AptDateTime"]),
        "unscheduled_status_id": identity(appointment["UnschedStatus"]),
        "scheduled_minutes": minutes(appointment),
        "is_in_default_report": is_in_default_report,
    }
