"""ASAP list: appointments whose patients would come earlier.

The form opens with all of them, so every row is in the default report.
"""

from __future__ import annotations

from tests.transform.reports.appointment_lists import PLANNED, followed_appointments, listed_row
from tests.transform.reports.practice import Practice, Row

ASAP = 1
# Scheduled, on the unscheduled list, broken, planned.
STATUSES = (1, 3, 5, PLANNED)


def calculate(practice: Practice) -> list[Row]:
    """Return one row per appointment of that priority, whatever its patient's status."""
    followed = followed_appointments(practice)
    return [
        listed_row(practice, appointment, is_in_default_report=True)
        for appointment in practice.rows("appointment")
        if appointment["Priority"] == ASAP
        and appointment["AptStatus"] in STATUSES
        and not (appointment["AptStatus"] == PLANNED and appointment["AptNum"] in followed)
    ]
