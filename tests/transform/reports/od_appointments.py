"""Appointments: everything on or off the schedule but the unscheduled list and planned ones.

The form opens with tomorrow, by the time of the appointment, listed providers, and without notes:
is_in_default_report.
"""

from __future__ import annotations

from tests.transform.reports.appointment_lists import PLANNED, minutes, moment
from tests.transform.reports.practice import Practice, Row, identity
from tests.transform.reports.rules import listed_providers

UNSCHEDULED = 3
NOTES = (7, 8)


def calculate(practice: Practice) -> list[Row]:
    """Return one row per appointment whose patient exists, whatever the patient's status."""
    patients = practice.by_key("patient", "PatNum")
    listed = listed_providers(practice)
    rows: list[Row] = []
    for appointment in practice.rows("appointment"):
        if (
            appointment["AptStatus"] in (UNSCHEDULED, PLANNED)
            or appointment["PatNum"] not in patients
        ):
            continue
        is_note = appointment["AptStatus"] in NOTES
        is_listed = appointment["ProvNum"] in listed or appointment["ProvHyg"] in listed
        rows.append(
            {
                "appointment_id": appointment["AptNum"],
                "scheduled_at": moment(appointment["AptDateTime"]),
                "created_at": moment(appointment["SecDateTEntry"]),
                "patient_id": appointment["PatNum"],
                "provider_id": identity(appointment["ProvNum"]),
                "hygienist_id": identity(appointment["ProvHyg"]),
                "clinic_id": identity(appointment["ClinicNum"]),
                "appointment_status_code": appointment["AptStatus"],
                "confirmation_id": identity(appointment["Confirmed"]),
                "scheduled_minutes": minutes(appointment),
                "is_note": is_note,
                "is_listed_provider": is_listed,
                "is_in_default_report": is_listed and not is_note,
            }
        )
    return rows
