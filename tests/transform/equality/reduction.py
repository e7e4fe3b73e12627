"""Makes an office on which a mart is wrong as small as a few builds allow, and writes it down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import yaml

from tests.transform.equality.accounts import Accounts, Place, is_owned, named_by, place_of
from tests.transform.golden import USUAL
from tests.transform.offices.neutral import neutral_row
from tests.transform.reports.practice import EMPTY_MOMENT, Practice, Row

BUILDS = 20


def reduce(
    practice: Practice,
    *,
    read: frozenset[str],
    is_wrong: Callable[[Practice], bool],
    builds: int = BUILDS,
) -> Practice:
    """Return the smallest office found in so many builds on which the mart is still wrong.

    First without the tables that the mart does not read, then with half of the families as long as
    one half is enough, then without rows that nothing names any more, then without halves of the
    rows.
    """
    search = _Search(practice, is_wrong, builds)
    search.keep({place for place in _places(practice) if place[0] in {*read, "patient"}})
    accounts = Accounts(search.found)
    search.keep_half(accounts.families(), accounts.of)
    search.keep({place for place in _named_places(search.found) if place[0] in read})
    search.leave_out_halves()
    return search.found


class _Search:
    """The smallest office so far, and how many builds are left."""

    def __init__(
        self, practice: Practice, is_wrong: Callable[[Practice], bool], builds: int
    ) -> None:
        self.found = practice
        self._is_wrong = is_wrong
        self._builds = builds

    def keep(self, places: Collection[Place]) -> bool:
        """Keep these rows only if the mart is wrong on them, too; return whether it is.

        Without a build left nothing more is taken out.
        """
        kept = {
            table: rows
            for table in self.found.tables
            if (rows := [r for r in self.found.rows(table) if place_of(table, r) in places])
        }
        if not kept or not self._builds or kept == self.found.tables:
            return False
        self._builds -= 1
        smaller = Practice(kept, self.found.today)
        if not self._is_wrong(smaller):
            return False
        self.found = smaller
        return True

    def keep_half(
        self, families: Sequence[int], rows_of: Callable[[Sequence[int]], set[Place]]
    ) -> None:
        """Go on with one half of the families after the other, as long as one is enough."""
        while len(families) > 1:
            middle = len(families) // 2
            for half in (families[:middle], families[middle:]):
                if self.keep(rows_of(half)):
                    families = half
                    break
            else:
                return

    def leave_out_halves(self) -> None:
        """Take out half of the rows, either one, then quarters, and so on."""
        rows = _places(self.found)
        size = len(rows) // 2
        while size:
            for start in range(0, len(rows), size):
                gone = set(rows[start : start + size])
                self.keep({place for place in _places(self.found) if place not in gone})
            rows = _places(self.found)
            size = min(size, len(rows)) // 2


def _places(practice: Practice) -> list[Place]:
    """Return where the rows stand, those of one table side by side, the preferences last."""
    order = sorted(practice.tables, key=lambda table: (table == "preference", not is_owned(table)))
    return [place_of(table, row) for table in order for row in practice.rows(table)]


def _named_places(practice: Practice) -> set[Place]:
    """Return the rows but those of the office's lists that no other row names."""
    named = {
        place
        for table in practice.tables
        for row in practice.rows(table)
        for place in named_by(table, row)
    }
    return {
        place
        for place in _places(practice)
        if place in named or is_owned(place[0]) or place[0] == "preference"
    }


def golden_ledger(
    practice: Practice, *, mart: str, as_of: date | None, expected: Sequence[Mapping[str, Any]]
) -> str:
    """Return an office and its report as a golden ledger is written: only what is filled in."""
    return yaml.dump(
        {
            "today": practice.today,
            "tables": {
                table: [_filled(table, row) for row in practice.rows(table)]
                for table in practice.tables
            },
            "report": mart,
            **({} if as_of is None else {"as_of": as_of}),
            "expect": [dict(row) for row in expected],
        },
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=100,
    )


def _filled(table: str, row: Row) -> dict[str, Any]:
    """Return what a ledger must name: all that is not what it takes for usual."""
    neutral = neutral_row(table)
    return {
        column: value
        for column, value in row.items()
        if value != USUAL.get(f"{table}.{column}", neutral[column])
    }


class _Dumper(yaml.SafeDumper):
    """Writes amounts as numbers with all their digits, and times of the day as text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as the base class has it
        return True


def _amount(dumper: _Dumper, value: Decimal) -> yaml.ScalarNode:
    text = f"{value:f}"
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


_Dumper.add_representer(Decimal, _amount)
_Dumper.add_representer(
    timedelta, lambda dumper, value: dumper.represent_str(f"{EMPTY_MOMENT + value:%H:%M:%S}")
)
