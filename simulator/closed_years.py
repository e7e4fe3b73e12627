"""The books of the years before the lived ones: sums that nothing changes any more.

What they hold is older than 90 days on every day that is simulated, so that a patient's part of
the aging is two sums; only the days of the balance's changes are kept one by one.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date

from simulator.books import (
    BALANCE_SIGN,
    FIGURE_OF,
    FIGURES,
    WHOLE_FIGURES,
    Cents,
    Kind,
    Place,
    Receipt,
)

# A patient's number and a day's ordinal in one integer: ordinals stay below two to this power.
_DAY_BITS = 20
_DAY_MASK = (1 << _DAY_BITS) - 1

Enter = Callable[[int, int, Cents, int, int], None]


class _Months(dict[int, int]):
    """The ordinal of the first day of each day's month."""

    def __missing__(self, day: int) -> int:
        self[day] = date.fromordinal(day).replace(day=1).toordinal()
        return self[day]


class ClosedYears:
    """Daily figures, changes of balances, and what is left of the accounts. Days are ordinals."""

    def __init__(self) -> None:
        self.first_visits: dict[int, int] = {}
        self._figures: dict[str, dict[int, Cents]] = {name: defaultdict(int) for name in FIGURES}
        # By month, clinic and provider.
        self._places: dict[str, dict[tuple[int, int, int], Cents]] = {
            name: defaultdict(int) for name in FIGURES if name not in WHOLE_FIGURES
        }
        self._receipts: dict[tuple[int, str, int], Cents] = defaultdict(int)
        self._months = _Months()
        self._changes: dict[int, Cents] = defaultdict(int)
        self._charged: dict[int, Cents] = defaultdict(int)
        self._credited: dict[int, Cents] = defaultdict(int)
        self._sealed = (array("q"), array("q"))

    def account(self, kind: Kind, *, is_tied: bool = False) -> Enter:
        """Return what enters facts of a kind: patient, day, cents, provider, clinic.

        Facts that are tied to a procedure of the same age net against it; others that are
        negative are credits, which pay the oldest charges first. Both come to the same here, where
        every charge is as old as any can be.
        """
        figure, sign = FIGURE_OF.get(kind, ("", 0))
        balance = BALANCE_SIGN.get(kind, 0)
        days, places = self._figures.get(figure, {}), self._places.get(figure)
        months = self._months
        changes, charged, credited = self._changes, self._charged, self._credited

        def enter(patient: int, day: int, cents: Cents, provider: int, clinic: int) -> None:
            if sign:
                days[day] += sign * cents
                if places is not None:
                    places[months[day], clinic, provider] += sign * cents
            if balance:
                moved = balance * cents
                changes[patient << _DAY_BITS | day] += moved
                if is_tied or moved > 0:
                    charged[patient] += moved
                else:
                    credited[patient] -= moved

        return enter

    def receive(self, payer: str, day: int, payment_type: int, cents: Cents) -> None:
        """Enter money that somebody paid, all of which is split."""
        self._receipts[day, payer, payment_type] += cents

    def seal(self) -> None:
        """Keep the changes of balances in their short form; nothing is entered afterwards."""
        moved = sorted(item for item in self._changes.items() if item[1])
        self._sealed = (array("q", (key for key, _ in moved)), array("q", (c for _, c in moved)))
        self._changes.clear()

    def figures(self) -> Iterator[tuple[date, str, Cents]]:
        """Yield the daily figures."""
        for name, days in self._figures.items():
            for day, cents in days.items():
                yield date.fromordinal(day), name, cents

    def places(self) -> Iterator[tuple[Place, str, Cents]]:
        """Yield the figures by month, clinic and provider."""
        for name, sums in self._places.items():
            for (month, clinic, provider), cents in sums.items():
                yield Place(date.fromordinal(month), clinic, provider), name, cents

    def receipts(self) -> Iterator[tuple[Receipt, Cents]]:
        """Yield each day's payments by who paid and by type."""
        for (day, payer, payment_type), cents in self._receipts.items():
            yield Receipt(date.fromordinal(day), payer, payment_type), cents

    def changes(self) -> Iterator[tuple[int, date, Cents]]:
        """Yield what moved the balances: patient, day, cents."""
        for key, cents in zip(*self._sealed, strict=True):
            yield key >> _DAY_BITS, date.fromordinal(key & _DAY_MASK), cents

    def accounts(self) -> Iterator[tuple[int, Cents, Cents]]:
        """Yield each patient's charges, procedures' own discounts taken off, and credits."""
        for patient in self._charged.keys() | self._credited.keys():
            yield patient, self._charged.get(patient, 0), self._credited.get(patient, 0)
