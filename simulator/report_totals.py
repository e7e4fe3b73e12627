"""What reports of the practice software add up to, from the books and the closed years alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import chain

from simulator.books import Cents, Kind, Posting
from simulator.world import Practice

Groups = dict[str, dict[str, dict[str, Cents]]]


@dataclass(frozen=True, slots=True)
class PlanBalance:
    """What a payment plan holds on the day of the report."""

    principal: Cents
    paid: Cents
    due: Cents
    is_closed: bool

    @property
    def balance(self) -> Cents:
        """What is left of the principal; no plan bears interest."""
        return self.principal - self.paid


def production_income(practice: Practice) -> dict[str, Groups]:
    """Return production and income by month, clinic and provider, figures of nothing left out."""
    sums: dict[str, Groups] = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    facts = chain(practice.closed.places(), practice.books.places(practice.day))
    for place, figure, cents in facts:
        known = sums[f"{place.month:%Y-%m}"][str(place.clinic)][str(place.provider)]
        known[figure] = known.get(figure, 0) + cents
    return {
        month: {
            clinic: {
                provider: {figure: cents for figure, cents in figures.items() if cents}
                for provider, figures in providers.items()
            }
            for clinic, providers in clinics.items()
        }
        for month, clinics in sums.items()
    }


def daily_payments(practice: Practice) -> Groups:
    """Return by day and payer what was paid by each type of payment, sums of nothing left out."""
    sums: dict[str, dict[str, dict[str, Cents]]] = defaultdict(lambda: defaultdict(dict))
    facts = chain(practice.closed.receipts(), practice.books.receipts(practice.day))
    for receipt, cents in facts:
        types = sums[receipt.day.isoformat()][receipt.payer]
        payment_type = str(receipt.payment_type)
        types[payment_type] = types.get(payment_type, 0) + cents
    return {
        day: {
            payer: {payment_type: cents for payment_type, cents in types.items() if cents}
            for payer, types in payers.items()
        }
        for day, payers in sums.items()
    }


def plan_balances(practice: Practice) -> dict[int, PlanBalance]:
    """Return what each payment plan holds today."""
    books = practice.books
    paid = _by_plan(books.posted(Kind.PLAN_PAYMENT).values(), until=None)
    charged = _by_plan(books.posted(Kind.PLAN_DEBIT).values(), until=practice.day)
    closed = books.posted(Kind.CLOSED_PLAN)
    return {
        plan: PlanBalance(
            posting.cents, paid[plan], charged[plan] - paid[plan], is_closed=plan in closed
        )
        for plan, posting in books.posted(Kind.PLAN).items()
    }


def _by_plan(postings: Iterable[Posting], *, until: date | None) -> dict[int, Cents]:
    sums: dict[int, Cents] = defaultdict(int)
    for posting in postings:
        if until is None or posting.day <= until:
            sums[posting.account] += posting.cents
    return sums
