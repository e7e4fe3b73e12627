"""Hidden payment splits: prepayments that no report of income or receivables shows.

`is_listed_provider` stands for the form's "all providers", which here takes splits without one in.
"""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import hidden_unearned_types, listed_providers


def calculate(practice: Practice) -> list[Row]:
    """Return a row per split of a hidden type whose patient exists."""
    patients = practice.by_key("patient", "PatNum")
    hidden = hidden_unearned_types(practice)
    listed = listed_providers(practice) | {0}
    return [
        {
            "payment_split_id": row["SplitNum"],
            "paid_on": day(row["DatePay"]),
            "patient_id": row["PatNum"],
            "provider_id": identity(row["ProvNum"]),
            "clinic_id": identity(row["ClinicNum"]),
            "procedure_id": identity(row["ProcNum"]),
            "unearned_type_id": row["UnearnedType"],
            "split_amount": row["SplitAmt"],
            "is_listed_provider": row["ProvNum"] in listed,
        }
        for row in practice.rows("paysplit")
        if row["UnearnedType"] in hidden and row["PatNum"] in patients
    ]
