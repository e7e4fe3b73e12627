"""Planned tracker: planned appointments that no appointment carries out yet.

The form opens with the office's range of days around today, by the time of the planned
appointment: is_in_default_report.
"""

from __future__ import annotations

from tests.transform.reports.appointment_lists import (
    PLANNED,
    followed_appointments,
    is_in_range,
    listed_row,
)
from tests.transform.reports.practice import Practice, Row

PATIENT = 0


def calculate(practice: Practice) -> list[Row]:
    """Return one row per planned appointment of a patient that no other points to."""
    patients = practice.by_key("patient", "PatNum")
    followed = followed_appointments(practice)
    past = int(practice.preference("PlannedApptDaysPast") or 365)
    future = int(practice.preference("PlannedApptDaysFuture") or 0)
    rows: list[Row] = []
    for appointment in practice.rows("appointment"):
        patient = patients.get(appointment["PatNum"])
        if (
            appointment["AptStatus"] == PLANNED
            and patient is not None
            and patient["PatStatus"] == PATIENT
            and appointment["AptNum"] not in followed
        ):
            is_shown = is_in_range(practice, appointment, past, future)
            rows.append(listed_row(practice, appointment, is_in_default_report=is_shown))
    return rows
