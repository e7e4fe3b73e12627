"""Lets the server make the tables of the past that hold no money: logs, notes, forms, lists.

A row's values follow from its place in the table: its day from the first to the last of the past,
its patient from those who had come by then, everything else from a number that looks random. The
counts are those of an office of `plan.FULL_SIZE` patients and shrink with the practice's size; what
the lived years add is already taken off.
"""

from __future__ import annotations

from collections.abc import Iterator

from pymysql.cursors import Cursor

from include.source.session import quote
from simulator.background import Work
from simulator.past.account_forms import FROM_ACCOUNTS
from simulator.past.chart_forms import CHARTS
from simulator.past.forms import OPEN_SLOTS, PLACES_TO_OPEN, SLOTS, Form
from simulator.past.office_forms import LISTS, LOGS
from simulator.world import Practice

# So many sheet fields a form, readings a periodontal exam, items a statement.
FIELDS, READINGS, ITEMS = 195, 52, 8
_DEFINITIONS = {
    "visit": "About a visit",
    "money": "About money",
    "recall": "About recall",
    "other": "Other talk",
    "text": "Text message",
    "images": "X-rays",
    "letters": "Letters",
    "verified": "Verified",
    "tracking": "Asked the carrier",
    "first": "First",
    "category": "Other",
    "specialty": "General",
}
# Schedules and time clocks were kept in the last years of the past only.
_RECENT_DAYS = 5 * 365


class Paper:
    """The statements that fill the tables, with the practice's own numbers in them."""

    def __init__(self, practice: Practice) -> None:
        """Everything that exists so far must be saved."""
        self._practice = practice
        plan = practice.plan
        days = (plan.lived_from - plan.first_day).days
        journal, definition = practice.journal, practice.definition
        self._numbers: dict[str, int | str] = {
            "patients": plan.former,
            "window": max(1, plan.former // 10),
            "first": plan.first_day.isoformat(),
            "days": days,
            "users": len(practice.desk),
            "employees": len(practice.employees),
            "providers": len(practice.dentists) + len(practice.hygienists),
            "hygienist": practice.hygienists[0].num,
            "dentist": practice.dentists[0].num,
            "codes": journal.last_key("procedurecode"),
            "plans": journal.last_key("insplan"),
            "group_code": practice.codes["D9430"].num,
            "ucr": practice.ucr_schedule,
            "fields": FIELDS,
            "readings": READINGS,
            "items": ITEMS,
            "last_feesched": journal.last_key("feesched"),
            **{f"def_{word}": definition(name) for word, name in _DEFINITIONS.items()},
        }

    def independent(self) -> Iterator[Work]:
        """Yield what can be made at once."""
        yield from map(self._work, LOGS + CHARTS + LISTS)

    def from_accounts(self) -> Iterator[Work]:
        """Yield what is made from the rows of the accounts, which must be complete."""
        yield from map(self._work, FROM_ACCOUNTS)

    def _work(self, form: Form) -> Work:
        statement = self.statement(form)

        def fill(cursor: Cursor) -> None:
            cursor.execute(statement)

        return fill

    def statement(self, form: Form) -> str:
        """Return the INSERT of a form."""
        rows = form.rows if form.is_fixed else round(form.rows * self._practice.plan.scale)
        is_any_day = form.is_list or form.is_fixed or bool(form.source)
        places = rows if is_any_day else round(rows * PLACES_TO_OPEN)
        numbers = {**self._numbers, "n": max(places, 1)}
        if form.is_recent:
            past, days = int(numbers["days"]), min(_RECENT_DAYS, int(numbers["days"]))
            numbers |= {"days": days, "skipped": past - days}
        else:
            numbers["skipped"] = 0
        source = (form.source or (SLOTS if is_any_day else OPEN_SLOTS)).format(**numbers)
        values = form.values.format(**numbers)
        into = f"{quote(form.table)} ({form.columns})"
        return f"insert into {into} select {values} from {source}"  # noqa: S608 - our own text
