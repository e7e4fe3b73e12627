"""Net unearned income: what a patient has paid ahead where the family owes for no procedure.

`is_in_default_report` marks the patients whose family has no procedure with a remainder; sums of 0
are shown as the form opens.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from tests.transform.reports.aging import family_run_balance
from tests.transform.reports.practice import Practice, Row, identity
from tests.transform.reports.rules import ZERO
from tests.transform.reports.unearned import remainders, unearned_splits


def calculate(practice: Practice) -> list[Row]:
    """Return a row per patient with an unearned split whose guarantor exists."""
    patients = practice.by_key("patient", "PatNum")
    unearned: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in unearned_splits(practice):
        if patients[row["PatNum"]]["Guarantor"] in patients:
            unearned[row["PatNum"]] += row["SplitAmt"]
    guarantors = {patients[number]["Guarantor"] for number in unearned}
    unpaid = remainders(practice, guarantors)
    balances = {number: family_run_balance(practice, number) for number in guarantors}
    rows: list[Row] = []
    for number, amount in unearned.items():
        patient = patients[number]
        guarantor = patient["Guarantor"]
        rows.append(
            {
                "patient_id": number,
                "guarantor_id": guarantor,
                "primary_provider_id": identity(patient["PriProv"]),
                "clinic_id": identity(patient["ClinicNum"]),
                "unearned_amount": amount,
                "family_balance_amount": balances[guarantor],
                "has_unpaid_procedure": bool(unpaid[guarantor]),
                "is_in_default_report": not unpaid[guarantor],
            }
        )
    return rows
