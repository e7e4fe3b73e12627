"""An office while it is made up: its rows so far, its chance, and its calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from include.open_dental.schema import tables
from tests.transform.offices.neutral import neutral_row
from tests.transform.reports.practice import EMPTY

DraftRow = dict[str, Any]
T = TypeVar("T")

# Of a key that no table has, as of a row that was deleted long ago.
LOST = 900_001
# The days beside every edge of the age buckets, of what is billed in advance, and of a year.
EDGES = (
    *(0, -1, 1, -29, -30, -31, -32, -59, -60, -61, -62, -89, -90, -91, -92),
    *(9, 10, 11, -7, -8, -364, -365, -366),
)
# Thousandths of a cent's tenth, even, so that no sum of them lies half-way between two cents.
_SPECKS = tuple(Decimal(f"0.00{digit}") for digit in (2, 4, 6, 8))


class Draft:
    """The rows of an office by table, and everything that chance decides about more of them.

    Keys count up from 1 with gaps, so that the keys of different tables coincide and a join by the
    wrong one finds rows. So many references of each column are to be lost.
    """

    def __init__(self, seed: int, today: date, *, lost_references: int = 0) -> None:
        self.seed = seed
        self.lost_references = lost_references
        self.today = today
        self.random = Random(seed)  # noqa: S311 - reproducible, not secret
        self.tables: dict[str, list[DraftRow]] = {}
        self.definitions: dict[str, int] = {}
        self._last_key: dict[str, int] = {}

    def add(self, table: str, **values: Any) -> DraftRow:
        """Add a row with these values, all others as if nobody had filled them in."""
        key = tables()[table].key
        neutral = neutral_row(table)
        if unknown := values.keys() - neutral.keys():
            raise KeyError(f"{table} has no {', '.join(sorted(unknown))}")
        number = self._last_key.get(table, 0) + 1 + self.chance(0.15)
        self._last_key[table] = number
        row = {**neutral, key: number, **values}
        self.tables.setdefault(table, []).append(row)
        return row

    def rows(self, table: str) -> list[DraftRow]:
        """Return the rows of a table so far."""
        return self.tables.get(table, [])

    def chance(self, share: float) -> bool:
        """Return True in so many of all cases."""
        return self.random.random() < share

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return self.random.choice(options)

    def weighted(self, options: dict[T, float]) -> T:
        """Return one of the options, each as often as its weight says."""
        return self.random.choices(list(options), list(options.values()))[0]

    def some(self, options: Sequence[T], share: float) -> list[T]:
        """Return a part of the options in their order; of two or more at least one."""
        chosen = [option for option in options if self.chance(share)]
        return chosen or list(options[:1] if len(options) > 1 else [])

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return self.random.randint(low, high)

    def key_of(self, table: str, *, none: float = 0.05, lost: float = 0.03) -> int:
        """Return the key of any row of a table, sometimes 0 for none or one that is gone."""
        rows = self.rows(table)
        chance = self.random.random()
        if not rows or chance < none:
            return 0
        if chance < none + lost:
            return LOST
        number: int = self.pick(rows)[tables()[table].key]
        return number

    def provider(self, *, none: float = 0.05, lost: float = 0.03) -> int:
        """Return a provider: half of them those that every list shows."""
        if self.chance(0.5):
            number: int = self.pick(self.rows("provider")[:2])["ProvNum"]
            return number
        return self.key_of("provider", none=2 * none, lost=2 * lost)

    def clinic(self) -> int:
        """Return a clinic; always 0 in an office without."""
        return self.key_of("clinic", none=0.2, lost=0.02) if self.rows("clinic") else 0

    def amount(self, low: int, high: int) -> Decimal:
        """Return an amount in cents between two of whole units, sometimes a round one."""
        if self.chance(0.2):
            return Decimal(self.between(low, high))
        return Decimal(self.between(low * 100, high * 100)) / 100

    def speck(self) -> Decimal:
        """Return less than a cent, of either sign."""
        return self.pick(_SPECKS) * self.pick((1, -1))

    def after(self, days: int) -> date:
        """Return the day so many days after the office's today; before it if negative."""
        return self.today + timedelta(days=days)

    def day(self, *, edges: float = 0.5, future: float = 0.08, empty: float = 0.05) -> date:
        """Return a day: at an edge of a bucket, to come, empty, or of the last year and a half."""
        chance = self.random.random()
        if chance < empty:
            return EMPTY
        if chance < empty + future:
            return self.after(self.pick((1, 2, 9, 10, 11, 30, 31, 90)))
        if chance < empty + future + edges:
            return self.after(self.pick(EDGES))
        return self.after(-self.between(0, 550))

    def near(self, day: date, *, same: float = 0.6, empty: float = 0.06) -> date:
        """Return the day itself mostly, else one some weeks off, or none."""
        chance = self.random.random()
        if chance < empty:
            return EMPTY
        if chance < empty + same or day == EMPTY:
            return day
        return day + timedelta(days=self.pick((-40, -3, -1, 1, 2, 5, 30, 31, 75)))

    def moment(self, day: date, *, midnight: float = 0.15) -> datetime:
        """Return a moment of a day, its first one quite often; of the empty day the empty one."""
        if day == EMPTY or self.chance(midnight):
            return datetime.combine(day, time.min)
        return datetime.combine(day, time(self.between(6, 17), self.pick((0, 5, 30, 59))))
