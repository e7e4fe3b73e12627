"""What an office decides about itself: its definitions, its clinics, its preferences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from tests.transform.offices.draft import Draft

# A preference that was never set has no row.
UNSET = None
_FLAG = (UNSET, "0", "1")
_DEFINITIONS: Sequence[tuple[int, str, str, str, bool]] = (
    # category, our name, ItemName, ItemValue, hidden
    (1, "discount", "Courtesy discount", "-", False),
    (1, "addition", "Late fee", "+", False),
    (1, "plan discount", "Discount plan", "dp", False),
    (1, "finance charge", "Finance charge", "+", False),
    (1, "bad debt", "Bad debt", "-", False),
    (1, "collection", "Sent to collection", "-", False),
    (1, "broken", "Broken appointment", "+", False),
    (1, "old discount", "Discount until 2019", "-", True),
    (2, "confirmed", "Confirmed", "", False),
    (4, "standard billing", "Standard account", "", False),
    (4, "collections billing", "Collections", "C", False),
    (4, "old billing", "Statements by mail", "E", True),
    (10, "check", "Check", "", False),
    (10, "card", "Credit card", "N", False),
    (10, "old voucher", "Voucher", "", True),
    (11, "exams", "Exams", "", False),
    (11, "other codes", "Other", "", False),
    (11, "old codes", "Never used", "", True),
    (13, "mailed", "Postcard mailed", "", False),
    (13, "unscheduled", "Left message", "", False),
    (25, "lunch", "Lunch", "NS", False),
    (25, "meeting", "Meeting", "NS,DC", False),
    (25, "emergency", "Emergency block", "", False),
    (27, "appointment call", "Appointment", "APPT", False),
    (27, "reminder", "Recall", "RECALL", False),
    (27, "other reminder", "Recall by text", "RECALL", False),
    (29, "prepayment", "Prepayment", "", False),
    (29, "old prepayment", "Deposit", "", True),
    (29, "treatment prepayment", "Treatment plan prepayment", "X", False),
    (29, "old hidden prepayment", "Ortho prepayment", "X", True),
    (31, "ten days", "Called the carrier", "10", False),
    (31, "a month", "Appealed", "30", False),
    (31, "no days", "Sent again", "0", False),
    (32, "insurer's check", "Check", "", False),
    (32, "transfer", "Electronic transfer", "N", True),
    (40, "payment group", "Daily", "", False),
    (43, "claim error", "Wrong subscriber", "", False),
    (47, "plan category", "Ortho", "", False),
)


def define(draft: Draft) -> None:
    """Write the office's own lists; `draft.definitions` has their keys by our names."""
    order: dict[int, int] = {}
    for category, name, label, value, is_hidden in _DEFINITIONS:
        order[category] = order.get(category, -1) + 1
        row = draft.add(
            "definition",
            Category=category,
            ItemOrder=order[category],
            ItemName=label,
            ItemValue=value,
            IsHidden=int(is_hidden),
        )
        draft.definitions[name] = row["DefNum"]


def open_clinics(draft: Draft) -> None:
    """Write the clinics: none, two of which one is hidden, three, seldom only a hidden one."""
    three = (False, False, True)
    last = (True,) if draft.seed % 8 == 3 else three
    hidden: Sequence[bool] = ((), (False, True), three, last)[draft.seed % 4]
    for number, is_hidden in enumerate(hidden):
        draft.add(
            "clinic",
            Description=f"Clinic {number}",
            Abbr=f"C{number}",
            IsHidden=int(is_hidden),
            ItemOrder=number,
        )


def prefer(draft: Draft) -> None:
    """Write the preferences; as many seeds in a row as one has values have them all."""
    has_clinics = bool(draft.rows("clinic"))
    # A practice with clinics has switched this off, unless it has given them up again.
    values = {"EasyNoClinics": "0" if has_clinics and draft.seed % 8 != 7 else "1"}
    for name, options in {**OPTIONS, **_own_options(draft)}.items():
        value = options[_place(name, draft.seed, len(options))]
        if value is not UNSET:
            values[name] = value
    for name, value in values.items():
        draft.add("preference", PrefName=name, ValueString=value)


def _place(name: str, seed: int, options: int) -> int:
    """Return which of its values a preference has: each comes by once, then again by chance."""
    turn, place = divmod(seed, options)
    start = Random(f"{name} {turn}").randrange(options)  # noqa: S311 - reproducible, not secret
    return (start + place) % options


# What a preference may be, whatever else the office has. Of the days of a recall list the software
# has no default.
OPTIONS: Mapping[str, Sequence[str | None]] = {
    "PayPlansVersion": (UNSET, "1", "2", "3", "4"),
    "AgingProcLifo": (UNSET, "0", "1", "2"),
    "ReportsPPOwriteoffDefaultToProcDate": (UNSET, "0", "1", "2", "3"),
    "ReportPandIschedProdSubtractsWO": _FLAG,
    "ReportsDoShowHiddenTPPrepayments": _FLAG,
    "PayPlansBillInAdvanceDays": (UNSET, "0", "10", "30"),
    "BrokenApptProcedure": (UNSET, "0", "1", "2", "3"),
    "NetProdDetailUseSnapshotToday": _FLAG,
    "BrokenApptAdjustment": _FLAG,
    "ReportsIncompleteProcsNoNotes": _FLAG,
    "ReportsIncompleteProcsUnsigned": _FLAG,
    "ReportsIncompleteProcsExcludeCodes": (UNSET, "D9986,D9987", "D9986,D0120"),
    "AllowPrepayProvider": _FLAG,
    "TreatFinderProcsAllGeneral": _FLAG,
    "RecallDaysPast": ("-1", "0", "60", "90"),
    "RecallDaysFuture": ("-1", "0", "30", "60"),
    "RecallMaxNumberReminders": (UNSET, "-1", "1", "2"),
    "RecallShowIfDaysFirstReminder": ("-1", "0", "30"),
    "RecallShowIfDaysSecondReminder": ("-1", "0", "31"),
    "RecallExcludeIfAnyFutureAppt": _FLAG,
    "BalancesDontSubtractIns": _FLAG,
    "UnschedDaysPast": (UNSET, "-1", "30", "365"),
    "UnschedDaysFuture": (UNSET, "-1", "0", "10"),
    "PlannedApptDaysPast": (UNSET, "-1", "30", "365"),
    "PlannedApptDaysFuture": (UNSET, "-1", "0", "10"),
}


def _own_options(draft: Draft) -> Mapping[str, Sequence[str | None]]:
    """Return what the preferences may be that name rows of this office, or days."""

    def named(*names: str) -> str:
        return ",".join(str(draft.definitions[name]) for name in names)

    recall_types = [str(row["RecallTypeNum"]) for row in draft.rows("recalltype")]
    return {
        "BrokenAppointmentAdjustmentType": (UNSET, named("broken"), named("broken")),
        "BadDebtAdjustmentTypes": (UNSET, "", named("bad debt"), named("bad debt", "collection")),
        "FinanceChargeAdjustmentType": (UNSET, "0", named("finance charge")),
        "FinanceChargeLastRun": (UNSET, str(draft.after(-30)), str(draft.after(-1))),
        "RecallTypesShowingInList": (UNSET, "", ",".join(recall_types[:2]), recall_types[-1]),
        "RecallTypeSpecialProphy": (recall_types[0],),
        "RecallTypeSpecialPerio": (recall_types[1],),
        "DateLastAging": (str(draft.today), str(draft.after(-1)), UNSET),
    }
