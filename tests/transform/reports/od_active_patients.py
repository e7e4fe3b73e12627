"""Active patients: who had a completed procedure in a month.

The form opens with today, all patients but deleted ones, and the billing types that are not
hidden: is_in_default_report.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import COMPLETE, shown_billing_types

DELETED = 4


def calculate(practice: Practice) -> list[Row]:
    """Return one row per patient and month with a completed procedure of any code."""
    counts: Counter[tuple[int, date]] = Counter()
    for procedure in practice.rows("procedurelog"):
        if procedure["ProcStatus"] == COMPLETE:
            counts[procedure["PatNum"], procedure["ProcDate"].replace(day=1)] += 1
    patients = practice.by_key("patient", "PatNum")
    billing_types = shown_billing_types(practice)
    rows: list[Row] = []
    for (number, month), count in counts.items():
        patient = patients.get(number)
        if patient is None or patient["PatStatus"] == DELETED:
            continue
        rows.append(
            {
                "patient_id": number,
                "month_on": day(month),
                "primary_provider_id": identity(patient["PriProv"]),
                "secondary_provider_id": identity(patient["SecProv"]),
                "clinic_id": identity(patient["ClinicNum"]),
                "billing_type_id": identity(patient["BillingType"]),
                "patient_status_code": patient["PatStatus"],
                "procedure_count": count,
                "is_in_default_report": patient["BillingType"] in billing_types,
            }
        )
    return rows
