"""What the two reports on presented treatment share: plans that hold a procedure, and its money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import ZERO

CLAIMED = (0, 1, 4)


def plans_by_procedure(practice: Practice, plans: Iterable[Row]) -> Mapping[int, list[Row]]:
    """Return those of the treatment plans that hold a procedure, each once, by procedure."""
    by_number = {row["TreatPlanNum"]: row for row in plans}
    found: dict[int, dict[int, Row]] = defaultdict(dict)
    for row in practice.rows("proctp"):
        if row["TreatPlanNum"] in by_number:
            found[row["ProcNumOrig"]][row["TreatPlanNum"]] = by_number[row["TreatPlanNum"]]
    return {number: list(held.values()) for number, held in found.items()}


def first_plan(plans: list[Row]) -> Row:
    """Return the plan of the earliest day, of several the lowest number; an empty day is early."""
    return min(plans, key=lambda row: (row["DateTP"], row["TreatPlanNum"]))


def last_plan(plans: list[Row]) -> Row:
    """Return the plan of the latest day; of several the lowest number, too."""
    return max(plans, key=lambda row: (row["DateTP"], -row["TreatPlanNum"]))


def claimed_writeoffs(practice: Practice) -> Mapping[int, Decimal]:
    """Return what each procedure's claims write off, received or not."""
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("claimproc"):
        if row["Status"] in CLAIMED:
            sums[row["ProcNum"]] += row["WriteOff"]
    return sums


def adjustments_of_procedures(practice: Practice) -> Mapping[int, Decimal]:
    """Return the adjustments that are tied to each procedure."""
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("adjustment"):
        sums[row["ProcNum"]] += row["AdjAmt"]
    return sums
