"""Unearned accounts: what each family has paid ahead, on all dates, those to come included.

`is_in_default_report` marks the sums that the report does not take for nothing.
"""

from __future__ import annotations

from collections import defaultdict

from tests.transform.reports.practice import Practice, Row, identity
from tests.transform.reports.rules import ZERO
from tests.transform.reports.unearned import SMALLEST, unearned_splits


def calculate(practice: Practice) -> list[Row]:
    """Return a row per guarantor who exists and whose family has an unearned split."""
    patients = practice.by_key("patient", "PatNum")
    names = {row["DefNum"]: row["ItemName"] for row in practice.rows("definition")}
    splits: dict[int, list[Row]] = defaultdict(list)
    for row in unearned_splits(practice):
        guarantor = patients[row["PatNum"]]["Guarantor"]
        if guarantor in patients:
            splits[guarantor].append(row)
    rows: list[Row] = []
    for guarantor, found in splits.items():
        unearned = sum((row["SplitAmt"] for row in found), ZERO)
        types = {row["UnearnedType"] for row in found}
        rows.append(
            {
                "guarantor_id": guarantor,
                "clinic_id": identity(patients[guarantor]["ClinicNum"]),
                "unearned_type_names": ",".join(sorted({names[t] for t in types if t in names}))
                or None,
                "unearned_amount": unearned,
                "is_in_default_report": abs(unearned) > SMALLEST,
            }
        )
    return rows
