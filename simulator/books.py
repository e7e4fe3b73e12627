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

from simulator.settings import AGE_CREDITS_AND_DEBITS

Cents = int


class Kind(Enum):
    """What a posting stands for."""

    PRODUCTION = "production"
    CAPITATION = "capitation write-off"
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write-off"
    CLAIMED_WRITE_OFF = "write-off on a claim, received or not, by the day of service"
    EXPECTED_WRITE_OFF = "write-off that a claim's snapshot expects"
    CHANGED_WRITE_OFF = "what a snapshot expected beyond the write-off"
    INSURANCE = "insurance payment on a procedure"
    CHECK_LINE = "insurance payment on a check"
    SPLIT = "split"
    PLAN_SPLIT = "split on a payment plan"
    UNEARNED_SPLIT = "unearned split"
    HIDDEN_SPLIT = "hidden unearned split"
    PAYMENT = "payment"
    CHECK = "check"
    PLAN = "payment plan"
    PLAN_DEBIT = "payment plan charge"
    PLAN_CREDIT = "payment plan credit"
    LINK_CREDIT = "payment plan link"
    PLAN_PAYMENT = "payment on a payment plan"
    CLOSED_PLAN = "closed payment plan"
    ESTIMATE = "open insurance estimate"
    BROKEN_APPOINTMENT = "broken appointment"


# The figure of a day that a posting adds to, with its sign.
FIGURE_OF: Mapping[Kind, tuple[str, int]] = {
    Kind.PRODUCTION: ("production", 1),
    Kind.CAPITATION: ("production", -1),
    Kind.ADJUSTMENT: ("adjustments", 1),
    Kind.WRITE_OFF: ("writeoffs_by_payment", -1),
    Kind.CLAIMED_WRITE_OFF: ("writeoffs_by_service", -1),
    Kind.EXPECTED_WRITE_OFF: ("writeoff_estimates", -1),
    Kind.CHANGED_WRITE_OFF: ("writeoff_changes", 1),
    Kind.SPLIT: ("patient_income", 1),
    Kind.PLAN_SPLIT: ("patient_income", 1),
    Kind.UNEARNED_SPLIT: ("unearned_income", 1),
    Kind.CHECK_LINE: ("insurance_income", 1),
    Kind.PAYMENT: ("patient_payments", 1),
    Kind.CHECK: ("insurance_payments", 1),
}
FIGURES = tuple(dict.fromkeys(figure for figure, _ in FIGURE_OF.values()))
# Payments and checks are whole: their splits and lines have a provider and a clinic, they have not.
WHOLE_FIGURES = ("patient_payments", "insurance_payments")
# The figures that each mode of write-offs adds up.
WRITEOFF_FIGURES = (
    ("writeoffs_by_payment",),
    ("writeoffs_by_service",),
    ("writeoff_estimates", "writeoff_changes"),
)
# What a day's payments are made of, by who pays.
PAID_BY: Mapping[Kind, str] = {
    Kind.SPLIT: "patient",
    Kind.PLAN_SPLIT: "patient",
    Kind.UNEARNED_SPLIT: "patient",
    Kind.CHECK_LINE: "insurance",
}

# What moves a family's balance, with its sign.
BALANCE_SIGN: Mapping[Kind, int] = {
    Kind.PRODUCTION: 1,
    Kind.CAPITATION: -1,
    Kind.ADJUSTMENT: 1,
    Kind.WRITE_OFF: -1,
    Kind.INSURANCE: -1,
    Kind.SPLIT: -1,
    Kind.UNEARNED_SPLIT: -1,
}
# The same of payment plans, by their version.
PLAN_BALANCE_SIGN: Mapping[int, Mapping[Kind, int]] = {
    1: {Kind.PLAN: -1},
    AGE_CREDITS_AND_DEBITS: {
        Kind.PLAN_SPLIT: -1,
        Kind.PLAN_DEBIT: 1,
        Kind.PLAN_CREDIT: -1,
        Kind.LINK_CREDIT: -1,
    },
    3: {Kind.PLAN_CREDIT: -1, Kind.LINK_CREDIT: -1},
    4: {Kind.PLAN_SPLIT: -1},
}


class Posting(NamedTuple):
    """One fact: whose, on which business date, how much, and the procedure that it is tied to.

    `provider` and `clinic` are those that reports show it under; `account` is what else a report
    groups it by: the type of a payment or check, or the payment plan.
    """

    patient: int
    day: date
    cents: Cents
    procedure: int = 0
    procedure_day: date | None = None
    is_visit: bool = False
    provider: int = 0
    clinic: int = 0
    account: int = 0


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A posting as the family's account sees it: signed."""

    kind: Kind
    posting: Posting
    cents: Cents


class Place(NamedTuple):
    """Where and when money is reported: the month's first day, the clinic and the provider."""

    month: date
    clinic: int
    provider: int


class Receipt(NamedTuple):
    """What a day's payments are grouped by: the day, who pays, and the type of the payment."""

    day: date
    payer: str
    payment_type: int


class Books:
    """All postings by kind and the number of the thing they stand for."""

    def __init__(self, plans_version: int) -> None:
        """`plans_version` decides how payment plans move balances."""
        self._postings: dict[Kind, dict[int, Posting]] = {kind: {} for kind in Kind}
        self._balance_sign = {**BALANCE_SIGN, **PLAN_BALANCE_SIGN[plans_version]}

    def post(self, kind: Kind, number: int, posting: Posting) -> None:
        """Enter a fact, or replace what was entered for the same number."""
        self._postings[kind][number] = posting

    def void(self, kind: Kind, number: int) -> None:
        """Take a fact out; nothing happens when it is not there."""
        self._postings[kind].pop(number, None)

    def move(self, kind: Kind, number: int, day: date) -> None:
        """Give a fact another business date."""
        self._postings[kind][number] = self._postings[kind][number]._replace(day=day)

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

    def places(self, last_day: date) -> Iterator[tuple[Place, str, Cents]]:
        """Yield what each fact up to a day adds to a figure of its month, clinic and provider."""
        for kind, (figure, sign) in FIGURE_OF.items():
            if figure in WHOLE_FIGURES:
                continue
            for posting in self._postings[kind].values():
                if posting.day <= last_day:
                    place = Place(posting.day.replace(day=1), posting.clinic, posting.provider)
                    yield place, figure, sign * posting.cents

    def receipts(self, last_day: date) -> Iterator[tuple[Receipt, Cents]]:
        """Yield what each fact up to a day adds to its day's payments."""
        for kind, payer in PAID_BY.items():
            for posting in self._postings[kind].values():
                if posting.day <= last_day:
                    yield Receipt(posting.day, payer, posting.account), posting.cents

    def ledger(self) -> Iterator[LedgerEntry]:
        """Yield everything that moves a family's balance."""
        for kind, sign in self._balance_sign.items():
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
