"""Prescriptions, of all time; the form filters by the patient's name or the drug."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day


def calculate(practice: Practice) -> list[Row]:
    """Return one row per prescription whose patient and provider exist."""
    patients = practice.by_key("patient", "PatNum")
    providers = practice.by_key("provider", "ProvNum")
    return [
        {
            "prescription_id": row["RxNum"],
            "prescribed_on": day(row["RxDate"]),
            "patient_id": row["PatNum"],
            "provider_id": row["ProvNum"],
            "drug_name": row["Drug"],
            "directions": row["Sig"],
            "dispensed": row["Disp"],
        }
        for row in practice.rows("rxpat")
        if row["PatNum"] in patients and row["ProvNum"] in providers
    ]
