"""What the recall list and the ASAP list of recalls share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row


def listable_recalls(practice: Practice) -> Iterator[tuple[Row, Row]]:
    """Yield the recalls of patients, each with the guarantor; one without type is on no list."""
    patients = practice.by_key("patient", "PatNum")
    types = practice.by_key("recalltype", "RecallTypeNum")
    for recall in practice.rows("recall"):
        patient = patients.get(recall["PatNum"])
        if (
            patient is not None
            and patient["PatStatus"] == 0
            and patient["Guarantor"] in patients
            and recall["RecallTypeNum"] in types
        ):
            yield recall, patients[patient["Guarantor"]]


def is_due_in_range(practice: Practice, due: date) -> bool:
    """Return whether a due date is on the recall list; -1 is no bound.

    An empty due date is long ago: in range only without a bound to the past.
    """
    past = int(practice.preference("RecallDaysPast") or -1)
    future = int(practice.preference("RecallDaysFuture") or -1)
    is_late_enough = past == -1 or due >= practice.today - timedelta(days=past)
    return is_late_enough and (future == -1 or due <= practice.today + timedelta(days=future))


def family_balance(practice: Practice, guarantor: Row) -> Decimal:
    """Return the balance that is stored on a guarantor, insurance estimates taken off or not."""
    if practice.preference("BalancesDontSubtractIns") == "1":
        return Decimal(guarantor["BalTotal"])
    return Decimal(guarantor["BalTotal"] - guarantor["InsEst"])


def is_put_off(practice: Practice, recall: Row, balance: Decimal) -> bool:
    """Return whether a recall waits for a later day, or for the family to owe less."""
    limit = recall["DisableUntilBalance"]
    return bool(recall["DisableUntilDate"] > practice.today or 0 < limit < balance)
