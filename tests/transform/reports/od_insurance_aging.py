"""Insurance aging by family: what insurers are expected to pay, and what that leaves to patients.

`is_in_default_report` is what the form prints as it opens. A family of which nothing but claims is
known has no patient columns, as in the report, and is printed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

from tests.transform.reports.aging import (
    BUCKETS,
    SMALLEST,
    Family,
    age_families,
    bucket_of,
)
from tests.transform.reports.ledger import NOT_RECEIVED, RECEIVED
from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import ZERO, rounded

Key = TypeVar("Key", bound=Hashable)

NOTHING = (ZERO,) * len(BUCKETS)


def calculate(practice: Practice, as_of: date) -> list[Row]:
    """Return a row per family whose guarantor exists and which has any figure other than 0."""
    patients = practice.by_key("patient", "PatNum")
    insurance = insurance_parts(practice, as_of, lambda _, guarantor: guarantor)
    families = age_families(practice, as_of, writeoffs_aged=True)
    rows: list[Row] = []
    for guarantor in sorted({*insurance, *families}):
        parts = insurance.get(guarantor)
        family = families.get(guarantor)
        figures = {
            **insurance_columns(parts or NOTHING),
            **_patient_columns(family, parts),
        }
        if guarantor in patients and any(figures.values()):
            rows.append(
                {
                    "as_of_on": as_of,
                    "guarantor_id": guarantor,
                    **figures,
                    "is_in_default_report": _is_printed(family, parts or NOTHING),
                }
            )
    return rows


def insurance_parts(
    practice: Practice, as_of: date, key_of: Callable[[Row, int], Key]
) -> Mapping[Key, tuple[Decimal, ...]]:
    """Return by a key what insurers are expected to pay, by the age of the treatment.

    `key_of` gets the claim procedure and its guarantor. The procedure may have any status, and
    treatment after the day never counts. Keys of which no figure is above half a cent are left out.
    """
    patients = practice.by_key("patient", "PatNum")
    sums: dict[Key, list[Decimal]] = defaultdict(lambda: list(NOTHING))
    for row in practice.rows("claimproc"):
        patient = patients.get(row["PatNum"])
        if patient is None or patient["Guarantor"] not in patients:
            continue
        received_later = row["Status"] == RECEIVED and row["DateCP"] > as_of
        if row["ProcDate"] <= as_of and (row["Status"] == NOT_RECEIVED or received_later):
            bucket = bucket_of(row["ProcDate"], as_of)
            sums[key_of(row, patient["Guarantor"])][bucket] += row["InsPayEst"]
    return {
        key: tuple(parts)
        for key, parts in sums.items()
        if any(abs(amount) > SMALLEST for amount in (*parts, sum(parts, ZERO)))
    }


def insurance_columns(parts: tuple[Decimal, ...]) -> Row:
    """Return the columns of what insurers are expected to pay."""
    columns = {
        f"insurance_{name}_amount": amount for name, amount in zip(BUCKETS, parts, strict=True)
    }
    return {**columns, "insurance_total_amount": sum(parts, ZERO)}


def _patient_columns(family: Family | None, parts: tuple[Decimal, ...] | None) -> Row:
    if family is None:
        return dict.fromkeys(
            (
                *(f"patient_{name}_amount" for name in BUCKETS),
                "patient_total_amount",
                "writeoff_change_amount",
                "patient_portion_amount",
            )
        )
    change = rounded(family.insurance_writeoff_estimate)
    total = rounded(family.balance) - sum(parts or NOTHING, ZERO)
    # Without an insurance part the estimate of the aging is taken off: it counts claims that the
    # part leaves out, such as those of treatment to come.
    estimate = ZERO if parts else rounded(family.insurance_pay_estimate)
    return {
        **{
            f"patient_{name}_amount": rounded(bucket) - insured
            for name, bucket, insured in zip(BUCKETS, family.buckets, parts or NOTHING, strict=True)
        },
        "patient_total_amount": total,
        "writeoff_change_amount": change,
        "patient_portion_amount": total - change - estimate,
    }


def _is_printed(family: Family | None, parts: tuple[Decimal, ...]) -> bool:
    if family is None:
        return True
    if family.has_bucket or rounded(family.balance) <= -SMALLEST:
        return True
    return sum(parts, ZERO) != 0 or rounded(family.insurance_writeoff_estimate) != 0
