"""Unscheduled list: appointments that were taken off the schedule.

The form opens without the broken ones and with the office's range of days around today, by the
time that the appointment had: is_in_default_report.
"""

from __future__ import annotations

from tests.transform.reports.appointment_lists import is_in_range, listed_row
from tests.transform.reports.practice import Practice, Row

UNSCHEDULED = 3
BROKEN = 5
# Patients and prospective ones.
PATIENT_STATUSES = (0, 6)


def calculate(practice: Practice) -> list[Row]:
    """Return one row per appointment that is on the list, or is if broken ones are."""
    patients = practice.by_key("patient", "PatNum")
    past = int(practice.preference("UnschedDaysPast") or 365)
    future = int(practice.preference("UnschedDaysFuture") or -1)
    rows: list[Row] = []
    for appointment in practice.rows("appointment"):
        patient = patients.get(appointment["PatNum"])
        if (
            appointment["AptStatus"] not in (UNSCHEDULED, BROKEN)
            or patient is None
            or patient["PatStatus"] not in PATIENT_STATUSES
        ):
            continue
        rows.append(
            listed_row(
                practice,
                appointment,
                is_in_default_report=appointment["AptStatus"] == UNSCHEDULED
                and is_in_range(practice, appointment, past, future),
            )
        )
    return rows
