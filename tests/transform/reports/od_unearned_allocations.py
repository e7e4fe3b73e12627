"""Unearned allocation: the procedures that a family's unearned income could pay.

By family, not by the provider of the splits. Only procedures since the family's first unearned
payment are listed and summed. The fee that is printed has one unit at least; the remainder is of
the fee by units.
"""

from __future__ import annotations

from collections import defaultdict

from tests.transform.reports.aging import family_run_balance
from tests.transform.reports.practice import Practice, Row, day
from tests.transform.reports.rules import ZERO, fee_of_one_at_least
from tests.transform.reports.unearned import SMALLEST, remainders, unearned_splits


def calculate(practice: Practice) -> list[Row]:
    """Return a row per family with unearned income and procedure of it that is not paid in full."""
    patients = practice.by_key("patient", "PatNum")
    splits: dict[int, list[Row]] = defaultdict(list)
    for row in unearned_splits(practice):
        splits[patients[row["PatNum"]]["Guarantor"]].append(row)
    unearned = {
        guarantor: sum((row["SplitAmt"] for row in found), ZERO)
        for guarantor, found in splits.items()
    }
    shown = [guarantor for guarantor, amount in unearned.items() if abs(amount) > SMALLEST]
    rows: list[Row] = []
    for guarantor, unpaid in remainders(practice, shown).items():
        first = min(row["DatePay"] for row in splits[guarantor])
        listed = [(row, rest) for row, rest in unpaid if row["ProcDate"] >= first]
        if not listed:
            continue
        balance = family_run_balance(practice, guarantor)
        remaining = sum((rest for _, rest in listed), ZERO)
        rows.extend(
            {
                "guarantor_id": guarantor,
                "procedure_id": procedure["ProcNum"],
                "patient_id": procedure["PatNum"],
                "procedure_on": day(procedure["ProcDate"]),
                "first_unearned_on": day(first),
                "family_balance_amount": balance,
                "family_unearned_amount": unearned[guarantor],
                "family_remaining_amount": remaining,
                "fee_amount": fee_of_one_at_least(procedure),
                "remaining_amount": rest,
            }
            for procedure, rest in listed
        )
    return rows
