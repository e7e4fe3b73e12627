"""The simulator's own books: what happened, posted by the event that made it happen.

They are kept beside the rows and never read from them, so that a warehouse can be measured
against them. A posting stands for one business fact; an edit replaces it, a deletion voids it, and
either way the business date that it names is the one that counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import NamedTuple

Cents = int


class Kind(Enum):
    """What a posting stands for."""

    PRODUCTION = "production"
    CAPITATION = "capitation write-off"
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write-off"
    INSURANCE = "insurance payment on a procedure"
    CHECK_LINE = "insurance payment on a check"
    SPLIT = "split"
    UNEARNED_SPLIT = "unearned split"
    HIDDEN_SPLIT = "hidden unearned split"
    PAYMENT = "payment"
    CHECK = "check"
    PLAN_DEBIT = "payment plan charge"
    PLAN_CREDIT = "payment plan credit"
    LINK_CREDIT = "payment plan link"
    PLAN_DUE = "charge of an open payment plan"
    PLAN_PAYMENT = "split on a payment plan"
    ESTIMATE = "open insurance estimate"
    BROKEN_APPOINTMENT = "broken appointment"


# The daily figure that a posting adds to, with its sign.
FIGURE_OF: Mapping[Kind, tuple[str, int]] = {
    Kind.PRODUCTION: ("production", 1),
    Kind.CAPITATION: ("production", -1),
    Kind.ADJUSTMENT: ("adjustments", 1),
    Kind.WRITE_OFF: ("writeoffs", -1),
    Kind.SPLIT: ("patient_income", 1),
    Kind.UNEARNED_SPLIT: ("unearned_income", 1),
    Kind.CHECK_LINE: ("insurance_income", 1),
    Kind.PAYMENT: ("patient_payments", 1),
    Kind.CHECK: ("insurance_payments", 1),
}
FIGURES = tuple(dict.fromkeys(figure for figure, _ in FIGURE_OF.values()))

# What moves a family's balance, with its sign.
BALANCE_SIGN: Mapping[Kind, int] = {
    Kind.PRODUCTION: 1,
    Kind.CAPITATION: -1,
    Kind.ADJUSTMENT: 1,
    Kind.WRITE_OFF: -1,
    Kind.INSURANCE: -1,
    Kind.SPLIT: -1,
    Kind.UNEARNED_SPLIT: -1,
    Kind.PLAN_DEBIT: 1,
    Kind.PLAN_CREDIT: -1,
    Kind.LINK_CREDIT: -1,
}


class Posting(NamedTuple):
    """One fact: whose, on which business date, how much, and the procedure that it is tied to."""

    patient: int
    day: date
    cents: Cents
    procedure: int = 0
    procedure_day: date | None = None
    is_visit: bool = False


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A posting as the family's account sees it: signed."""

    kind: Kind
    posting: Posting
    cents: Cents


class Books:
    """All postings by kind and the number of the thing they stand for."""

    def __init__(self) -> None:
        self._postings: dict[Kind, dict[int, Posting]] = {kind: {} for kind in Kind}

    def post(self, kind: Kind, number: int, posting: Posting) -> None:
        """Enter a fact, or replace what was entered for the same number."""
        self._postings[kind][number] = posting

    def void(self, kind: Kind, number: int) -> None:
        """Take a fact out; nothing happens when it is not there."""
        self._postings[kind].pop(number, None)

    def posted(self, kind: Kind) -> Mapping[int, Posting]:
        """Return the facts of one kind by number."""
        return self._postings[kind]

    def figures(self, last_day: date) -> dict[date, dict[str, Cents]]:
        """Return the daily figures up to a day; days without any are left out."""
        days: dict[date, dict[str, Cents]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
        for kind, (figure, sign) in FIGURE_OF.items():
            for posting in self._postings[kind].values():
                if posting.day <= last_day:
                    days[posting.day][figure] += sign * posting.cents
        return days

    def ledger(self) -> Iterator[LedgerEntry]:
        """Yield everything that moves a family's balance."""
        for kind, sign in BALANCE_SIGN.items():
            for posting in self._postings[kind].values():
                yield LedgerEntry(kind, posting, sign * posting.cents)

    def first_visits(self) -> dict[int, date]:
        """Return the day of each patient's first completed procedure."""
        first: dict[int, date] = {}
        for posting in self._postings[Kind.PRODUCTION].values():
            if posting.is_visit:
                known = first.get(posting.patient)
                if known is None or posting.day < known:
                    first[posting.patient] = posting.day
        return first
