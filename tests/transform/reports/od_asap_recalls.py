"""ASAP list of recalls: due ones whose patients would come earlier.

Whether the recall is disabled, how often the patient was reminded and which types the recall list
shows is not asked. The report has no choices of default.
"""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day
from tests.transform.reports.recalls import (
    family_balance,
    is_due_in_range,
    is_put_off,
    listable_recalls,
)

ASAP = 1


def calculate(practice: Practice) -> list[Row]:
    """Return one row per recall of that priority that is due and not scheduled."""
    return [
        {
            "recall_id": recall["RecallNum"],
            "as_of_on": practice.today,
            "patient_id": recall["PatNum"],
            "recall_type_id": recall["RecallTypeNum"],
            "due_on": day(recall["DateDue"]),
        }
        for recall, guarantor in listable_recalls(practice)
        if recall["Priority"] == ASAP
        and day(recall["DateScheduled"]) is None
        and is_due_in_range(practice, recall["DateDue"])
        and not is_put_off(practice, recall, family_balance(practice, guarantor))
    ]
