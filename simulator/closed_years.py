"""The books of the years before the lived ones: sums that nothing changes any more.

What they hold is older than 90 days on every day that is simulated, so that a patient's part of
the aging is two sums; only the days of the balance's changes are kept one by one.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date

from simulator.books import BALANCE_SIGN, FIGURE_OF, FIGURES, Cents, Kind

# A patient's number and a day's ordinal in one integer: ordinals stay below two to this power.
_DAY_BITS = 20
_DAY_MASK = (1 << _DAY_BITS) - 1

Enter = Callable[[int, int, Cents], None]


class ClosedYears:
    """Daily figures, changes of balances, and what is left of the accounts. Days are ordinals."""

    def __init__(self) -> None:
        self.first_visits: dict[int, int] = {}
        self._figures: dict[str, dict[int, Cents]] = {name: defaultdict(int) for name in FIGURES}
        self._changes: dict[int, Cents] = defaultdict(int)
        self._charged: dict[int, Cents] = defaultdict(int)
        self._credited: dict[int, Cents] = defaultdict(int)
        self._sealed = (array("q"), array("q"))

    def account(self, kind: Kind, *, is_tied: bool = False) -> Enter:
        """Return what enters facts of a kind: patient, day, cents.

        Facts that are tied to a procedure of the same age net against it; others that are
        negative are credits, which pay the oldest charges first.
        """
        figure, sign = FIGURE_OF.get(kind, ("", 0))
        balance = BALANCE_SIGN.get(kind, 0)
        days = self._figures.get(figure, {})
        changes, charged, credited = self._changes, self._charged, self._credited

        def enter(patient: int, day: int, cents: Cents) -> None:
            if sign:
                days[day] += sign * cents
            if balance:
                moved = balance * cents
                changes[patient << _DAY_BITS | day] += moved
                if is_tied or moved > 0:
                    charged[patient] += moved
                else:
                    credited[patient] -= moved

        return enter

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

    def changes(self) -> Iterator[tuple[int, date, Cents]]:
        """Yield what moved the balances: patient, day, cents."""
        for key, cents in zip(*self._sealed, strict=True):
            yield key >> _DAY_BITS, date.fromordinal(key & _DAY_MASK), cents

    def accounts(self) -> Iterator[tuple[int, Cents, Cents]]:
        """Yield each patient's charges, procedures' own discounts taken off, and credits."""
        for patient in self._charged.keys() | self._credited.keys():
            yield patient, self._charged.get(patient, 0), self._credited.get(patient, 0)
