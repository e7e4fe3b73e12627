"""Unearned income, and the procedures that it could pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import COMPLETE, ZERO, fee, hidden_unearned_types

DELETED_PATIENT = 4

# What is not more than this is no amount.
SMALLEST = Decimal("0.005")

WRITTEN_OFF = (0, 1, 4, 7)
PAID = (1, 4)
NOT_RECEIVED = 0


def unearned_splits(practice: Practice) -> Iterator[Row]:
    """Yield the splits of patients that are unearned, hidden ones left out."""
    patients = practice.by_key("patient", "PatNum")
    hidden = hidden_unearned_types(practice)
    for row in practice.rows("paysplit"):
        if row["UnearnedType"] and row["UnearnedType"] not in hidden and row["PatNum"] in patients:
            yield row


def remainders(
    practice: Practice, guarantors: Iterable[int]
) -> Mapping[int, list[tuple[Row, Decimal]]]:
    """Return the completed procedures of which something is unpaid, by the guarantors that are run.

    A guarantor's family is that of his own guarantor. Whoever of all these families pays on a
    procedure, it counts; deleted patients are in none of them.
    """
    patients = practice.by_key("patient", "PatNum")
    heads = {number: patients[number]["Guarantor"] for number in guarantors if number in patients}
    members = {
        row["PatNum"]: row["Guarantor"]
        for row in practice.rows("patient")
        if row["PatStatus"] != DELETED_PATIENT and row["Guarantor"] in set(heads.values())
    }
    credited = _credits(practice, members)
    found: dict[int, list[tuple[Row, Decimal]]] = defaultdict(list)
    for procedure in practice.rows("procedurelog"):
        if procedure["ProcStatus"] != COMPLETE or procedure["PatNum"] not in members:
            continue
        rest = fee(procedure) - credited.get(procedure["ProcNum"], ZERO)
        if rest > SMALLEST:
            found[members[procedure["PatNum"]]].append((procedure, rest))
    return {number: found[head] for number, head in heads.items()}


def _credits(practice: Practice, members: Mapping[int, int]) -> Mapping[int, Decimal]:
    """Return what the members' rows take off each procedure; hidden and plan payments do."""
    credited: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("adjustment"):
        if row["PatNum"] in members:
            credited[row["ProcNum"]] -= row["AdjAmt"]
    for row in practice.rows("claimproc"):
        if row["PatNum"] not in members:
            continue
        if row["Status"] in WRITTEN_OFF:
            credited[row["ProcNum"]] += row["WriteOff"]
        if row["Status"] in PAID:
            credited[row["ProcNum"]] += row["InsPayAmt"]
        if row["Status"] == NOT_RECEIVED:
            credited[row["ProcNum"]] += row["InsPayEst"]
    for row in practice.rows("paysplit"):
        if row["PatNum"] in members:
            credited[row["ProcNum"]] += row["SplitAmt"]
    return credited
