"""Broken appointments, on each basis that an office may count them by.

The form opens with today, the office's basis (is_default_basis) and listed providers
(is_listed_provider). 'history' is a basis of ours, which no form has. Which codes and which
adjustment type stand for a broken appointment is the office's preference. An amount that a basis
does not know is none.
"""

from __future__ import annotations

from tests.transform.reports.appointment_breaks import BROKEN, breaks
from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, listed_providers, procedure_codes

MISSED = "D9986"
CANCELLED = "D9987"
CODES = {0: {MISSED}, 1: {MISSED}, 2: {CANCELLED}, 3: {MISSED, CANCELLED}}


def calculate(practice: Practice) -> list[Row]:
    """Return one row per basis and broken appointment."""
    if int(practice.preference("BrokenApptProcedure") or 0) > 0:
        default = "procedure"
    elif practice.preference("BrokenApptAdjustment") == "1":
        default = "adjustment"
    else:
        default = "status"
    listed = listed_providers(practice)
    return [
        {
            "appointment_id": None,
            "procedure_id": None,
            "adjustment_id": None,
            "procedure_code": None,
            "fee_amount": None,
            "adjustment_amount": None,
            **row,
            "is_default_basis": row["basis"] == default,
            # Of an appointment either provider may be the listed one.
            "is_listed_provider": row["provider_id"] in listed or row["hygienist_id"] in listed,
        }
        for row in by_procedure(practice)
        + by_adjustment(practice)
        + by_status(practice)
        + by_history(practice)
    ]


def by_procedure(practice: Practice) -> list[Row]:
    """Return the completed procedures whose code stands for a broken appointment."""
    counted = CODES[int(practice.preference("BrokenApptProcedure") or 0)]
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    codes = procedure_codes(practice)
    return [
        {
            "basis": "procedure",
            "broken_on": day(row["ProcDate"]),
            "patient_id": row["PatNum"],
            "provider_id": row["ProvNum"],
            "hygienist_id": None,
            "clinic_id": identity(row["ClinicNum"]),
            "appointment_id": identity(row["AptNum"]),
            "procedure_id": row["ProcNum"],
            "procedure_code": codes[row["CodeNum"]],
            # The plain fee, whatever the units.
            "fee_amount": row["ProcFee"],
        }
        for row in practice.rows("procedurelog")
        if row["ProcStatus"] == COMPLETE
        and codes.get(row["CodeNum"]) in counted
        and row["PatNum"] in patients
        and row["ProvNum"] in providers
    ]


def by_adjustment(practice: Practice) -> list[Row]:
    """Return the adjustments of the type that stands for a broken appointment, if one does."""
    broken_type = int(practice.preference("BrokenAppointmentAdjustmentType") or 0)
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    return [
        {
            "basis": "adjustment",
            "broken_on": day(row["AdjDate"]),
            "patient_id": row["PatNum"],
            "provider_id": row["ProvNum"],
            "hygienist_id": None,
            "clinic_id": identity(row["ClinicNum"]),
            "procedure_id": identity(row["ProcNum"]),
            "adjustment_id": row["AdjNum"],
            "adjustment_amount": row["AdjAmt"],
        }
        for row in practice.rows("adjustment")
        if row["AdjType"] == broken_type != 0
        and row["PatNum"] in patients
        and row["ProvNum"] in providers
    ]


def by_status(practice: Practice) -> list[Row]:
    """Return the appointments that are broken now, by the day that they were made for."""
    patients = practice.by_key("patient", "PatNum")
    return [
        of_appointment("status", row, day(row["AptDateTime"]))
        for row in practice.rows("appointment")
        if row["AptStatus"] == BROKEN and row["PatNum"] in patients
    ]


def by_history(practice: Practice) -> list[Row]:
    """Return every break, by the day of breaking; by the appointment's where no history tells."""
    return [
        of_appointment("history", row, day(row["HistDateTStamp" if is_told else "AptDateTime"]))
        for row, is_told in breaks(practice)
    ]


def of_appointment(basis: str, row: Row, broken_on: object) -> Row:
    """Return a row of an appointment or of its history."""
    return {
        "basis": basis,
        "broken_on": broken_on,
        "patient_id": identity(row["PatNum"]),
        "provider_id": identity(row["ProvNum"]),
        "hygienist_id": identity(row["ProvHyg"]),
        "clinic_id": identity(row["ClinicNum"]),
        "appointment_id": row["AptNum"],
    }
