"""What Open Dental stored on the guarantors' rows when it last aged the accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

from tests.transform.offices.draft import Draft, DraftRow
from tests.transform.reports.aging import family_run_balance
from tests.transform.reports.od_reconcile_aging import EDITED_AT, STORED, calculate
from tests.transform.reports.practice import Practice, Row

_ROUNDED_AWAY = Decimal("0.001")


def stamp_edits(draft: Draft) -> None:
    """Let a few rows of the accounts be edited since the last run, most of them long before."""
    for table, column in EDITED_AT.items():
        for row in draft.rows(table):
            days = draft.weighted({0: 0.01, 1: 0.01, 2: 0.01, draft.between(3, 300): 0.97})
            row[column] = datetime.combine(draft.after(-days), time(12))


def store_balances(draft: Draft) -> None:
    """Store what a run computes today or computed when it last ran, with or without a difference.

    What the software once stored is no rule: it is taken from the second calculation.
    """
    today = _computed(draft, draft.today)
    before = _computed(draft, draft.after(-1))
    practice = Practice(draft.tables, draft.today)
    for patient in draft.rows("patient"):
        number = patient["PatNum"]
        if number in today:
            kind = draft.weighted(
                {"now": 3.0, "rounded": 1, "before": 3, "alone": 2, "other": 3, "never": 1}
            )
            if kind == "alone":
                _store(patient, today[number])
                patient["BalTotal"] = family_run_balance(practice, number)
            elif kind in ("now", "rounded", "before"):
                _store(patient, (before if kind == "before" else today)[number])
            elif kind == "never":
                patient.update(dict.fromkeys(STORED.values(), Decimal(0)))
            if kind == "rounded":
                patient[draft.pick(list(STORED.values()))] += _ROUNDED_AWAY


def _computed(draft: Draft, day: date) -> Mapping[int, Row]:
    return {row["guarantor_id"]: row for row in calculate(Practice(draft.tables, day))}


def _store(patient: DraftRow, computed: Row) -> None:
    for name, column in STORED.items():
        patient[column] = computed[f"computed_{name}"]
