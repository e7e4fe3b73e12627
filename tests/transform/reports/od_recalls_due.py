"""Recall list: which patients are due for a visit.

The form opens with the office's range of due dates, its types, and what it says about reminders,
for all clinics and providers: is_in_default_report. Disabled recalls, which no setting of the form
shows, stand here with their flag; recalls of others than patients do not. The columns are as
stored, but for the three computed ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from tests.transform.reports.practice import Practice, Row, day
from tests.transform.reports.recall_synchronization import is_coming, synchronised_dates
from tests.transform.reports.recalls import (
    family_balance,
    is_due_in_range,
    is_put_off,
    listable_recalls,
)

COMMLOG_TYPES = 27


def calculate(practice: Practice) -> list[Row]:
    """Return one row per recall of a patient whose guarantor and type exist."""
    dates = synchronised_dates(practice)
    reminders = reminder_moments(practice)
    coming = {
        row["PatNum"] for row in practice.rows("appointment") if is_coming(row, practice.today)
    }
    rows: list[Row] = []
    for recall, guarantor in listable_recalls(practice):
        balance = family_balance(practice, guarantor)
        # A moment on the day of the last visit comes after that day's midnight.
        previous = datetime.combine(recall["DatePrevious"], time.min)
        reminded = sorted({at.date() for at in reminders[recall["PatNum"]] if at > previous})
        has_appointment = day(recall["DateScheduled"]) is not None
        computed = dates[recall["RecallNum"]]
        due = day(recall["DateDue"])
        is_shown = (
            not recall["IsDisabled"]
            and is_type_shown(practice, recall["RecallTypeNum"])
            and is_due_in_range(practice, recall["DateDue"])
            and not (
                # One preference replaces the stored date by any coming appointment.
                recall["PatNum"] in coming
                if practice.preference("RecallExcludeIfAnyFutureAppt") == "1"
                else has_appointment
            )
            and not is_put_off(practice, recall, balance)
            and not is_reminded(practice, reminded)
        )
        rows.append(
            {
                "recall_id": recall["RecallNum"],
                "as_of_on": practice.today,
                "patient_id": recall["PatNum"],
                "recall_type_id": recall["RecallTypeNum"],
                "previous_on": day(recall["DatePrevious"]),
                "due_calculated_on": day(recall["DateDueCalc"]),
                "due_on": due,
                "scheduled_on": day(recall["DateScheduled"]),
                "is_disabled": bool(recall["IsDisabled"]),
                "disabled_until_on": day(recall["DisableUntilDate"]),
                "disabled_until_balance_amount": recall["DisableUntilBalance"],
                "family_balance_amount": balance,
                "reminder_count": len(reminded),
                "last_reminder_on": reminded[-1] if reminded else None,
                "is_overdue": due is not None and due < practice.today and not has_appointment,
                "is_in_default_report": is_shown,
                "previous_computed_on": day(computed.previous),
                "due_computed_on": day(computed.due),
                "scheduled_computed_on": day(computed.scheduled),
            }
        )
    return rows


def is_type_shown(practice: Practice, recall_type: int) -> bool:
    """Return whether the office's recall list shows a type; an empty choice shows all."""
    chosen = [text.strip() for text in practice.preference("RecallTypesShowingInList").split(",")]
    return chosen == [""] or str(recall_type) in chosen


def reminder_moments(practice: Practice) -> Mapping[int, list[datetime]]:
    """Return when each patient was reminded, by the first type for reminders."""
    types = sorted(
        (row["ItemOrder"], row["DefNum"])
        for row in practice.rows("definition")
        if row["Category"] == COMMLOG_TYPES and row["ItemValue"].upper() == "RECALL"
    )
    moments: dict[int, list[datetime]] = defaultdict(list)
    for row in practice.rows("commlog"):
        if types and row["CommType"] == types[0][1]:
            moments[row["PatNum"]].append(row["CommDateTime"])
    return moments


def is_reminded(practice: Practice, reminded: list[date]) -> bool:
    """Return whether reminders hide a recall: too many of them, or the last too recent."""
    if not reminded:
        return False
    most = int(practice.preference("RecallMaxNumberReminders") or -1)
    which = "First" if len(reminded) == 1 else "Second"
    wait = int(practice.preference(f"RecallShowIfDays{which}Reminder") or -1)
    if wait == -1 or reminded[-1] + timedelta(days=wait) > practice.today:
        return True
    return most != -1 and len(reminded) > most
