"""Rows that are gone while others still name them, and what no report determines after that."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import groupby

from include.open_dental.schema import tables
from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.offices.payment_plans import CREDIT, PROCEDURE

# How many rows of a table vanish at most.
_LOSSES = {
    "patient": 2,
    "provider": 1,
    "procedurelog": 4,
    "procedurecode": 1,
    "appointment": 3,
    "claim": 2,
    "claimproc": 4,
    "claimpayment": 2,
    "payment": 3,
    "payplan": 3,
    "adjustment": 2,
    "carrier": 1,
    "insplan": 1,
    "inssub": 1,
    "definition": 2,
    "clinic": 1,
    "operatory": 1,
    "schedule": 1,
    "treatplan": 2,
    "referral": 1,
    "userod": 1,
    "recalltype": 1,
    "discountplan": 1,
    "feesched": 1,
    "covcat": 1,
}
# Often enough that the rows of two clinics or three providers are mostly still there.
_SHARE = {"clinic": 0.15, "provider": 0.4, "recalltype": 0.2, "userod": 0.3, "covcat": 0.2}
# So that a join by a wrong key can still be told from references that are gone.
_MOST_OF_A_COLUMN = 0.35
# Where the rows of one claim or plan disagree, any of them is the report's.
_AGREED = frozenset({"claimproc.ClinicNum", "payplancharge.ProvNum", "payplancharge.ClinicNum"})


def lose(draft: Draft) -> None:
    """Delete rows as Open Dental does: what refers to them stays as it is."""
    for table, most in _LOSSES.items():
        if not draft.rows(table) or not draft.chance(_SHARE.get(table, 0.8)):
            continue
        key = tables()[table].key
        rows = draft.rows(table)
        gone = draft.random.sample(
            [row[key] for row in rows], min(draft.between(1, most), len(rows))
        )
        draft.tables[table] = [row for row in rows if row[key] not in gone]


def lose_references(draft: Draft) -> None:
    """Let so many rows of each column that names another row name one that is gone."""
    for table, rows in draft.tables.items():
        for column in tables()[table].columns:
            if column.target is None or f"{table}.{column.name}" in _AGREED:
                continue
            keys = {row[tables()[column.target].key] for row in draft.rows(column.target)}
            named = [row for row in rows if row[column.name]]
            there = [row for row in named if row[column.name] in keys]
            most = min(draft.lost_references, int(len(named) * _MOST_OF_A_COLUMN))
            missing = max(0, most - (len(named) - len(there)))
            for number, row in enumerate(draft.random.sample(there, missing)):
                row[column.name] = LOST + number


def leave_nothing_to_chance(draft: Draft) -> None:
    """Change the few rows of which the report itself takes any, so that there is one answer.

    Tied rows of one patient, procedure and day then name one day of the procedure; and the splits
    on an item of a dynamic plan all name an item of the other kind, or none does.
    """
    _agree_on_days(draft)
    _agree_on_items(draft, item="ProcNum", other="AdjNum")
    _agree_on_items(draft, item="AdjNum", other="ProcNum")


def _agree_on_days(draft: Draft) -> None:
    procedures = {row["ProcNum"]: row for row in draft.rows("procedurelog")}
    planned = {row["FKey"] for row in draft.rows("payplanlink") if row["LinkType"] == PROCEDURE} | {
        row["ProcNum"] for row in draft.rows("payplancharge") if row["ChargeType"] == CREDIT
    }

    def group_of(row: DraftRow) -> tuple[int, int, date]:
        return row["PatNum"], row["ProcNum"], row["AdjDate"]

    tied = [row for row in draft.rows("adjustment") if row["ProcNum"]]
    for (_, number, _), group in groupby(sorted(tied, key=group_of), key=group_of):
        first, *others = group
        if number in planned and number in procedures:
            first["ProcDate"] = procedures[number]["ProcDate"]
        for row in others:
            row["ProcDate"] = first["ProcDate"]
        if number in planned and number not in procedures:
            for row in (first, *others):
                row["ProcNum"] = 0


def _agree_on_items(draft: Draft, *, item: str, other: str) -> None:
    splits: dict[int, list[DraftRow]] = defaultdict(list)
    for row in draft.rows("paysplit"):
        if row[item]:
            splits[row[item]].append(row)
    for rows in splits.values():
        named = [row[other] for row in rows if row[other]]
        if not named:
            continue
        for row in rows:
            row[other] = row[other] or named[0]
            row.update(PayPlanNum=0, PayPlanChargeNum=0)
