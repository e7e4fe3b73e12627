"""Makes an office on which a mart is wrong as small as a few builds allow, and writes it down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

import yaml

from include.open_dental.schema import tables
from tests.transform.golden import USUAL
from tests.transform.offices.neutral import neutral_row
from tests.transform.reports.practice import EMPTY_MOMENT, Practice, Row

BUILDS = 20
# A family is taken out with what stands on its accounts.
_PATIENT = "PatNum"

Place = tuple[str, int]


def reduce(
    practice: Practice,
    *,
    read: frozenset[str],
    is_wrong: Callable[[Practice], bool],
    builds: int = BUILDS,
) -> Practice:
    """Return the smallest office found in so many builds on which the mart is still wrong.

    First without the tables that the mart does not read, then without halves of the families, then
    without rows that nothing names any more, then without halves of the rows.
    """
    search = _Search(practice, is_wrong, builds)
    search.keep(lambda place: place[0] in read)
    search.halve(_families(search.found))
    search.keep_named()
    search.halve([[place] for place in _places(search.found)])
    return search.found


class _Search:
    """The smallest office so far, and how many builds are left."""

    def __init__(
        self, practice: Practice, is_wrong: Callable[[Practice], bool], builds: int
    ) -> None:
        self.found = practice
        self._is_wrong = is_wrong
        self._builds = builds

    def keep(self, wanted: Callable[[Place], bool]) -> bool:
        """Keep these rows only if the mart is wrong on them, too; return whether it is.

        Without a build left nothing more is taken out.
        """
        kept = {
            table: rows
            for table in self.found.tables
            if (rows := [r for r in self.found.rows(table) if wanted((table, _key(table, r)))])
        }
        if not self._builds or kept == self.found.tables:
            return False
        self._builds -= 1
        smaller = Practice(kept, self.found.today)
        if not self._is_wrong(smaller):
            return False
        self.found = smaller
        return True

    def halve(self, groups: Sequence[Sequence[Place]]) -> None:
        """Take out half of the groups, either one, then quarters, and so on."""
        size = len(groups) // 2
        while size:
            kept: list[Sequence[Place]] = []
            for start in range(0, len(groups), size):
                part = groups[start : start + size]
                gone = frozenset(chain.from_iterable(part))
                if not self.keep(partial(_is_outside, gone)):
                    kept += part
            groups = kept
            size = min(size, len(groups)) // 2

    def keep_named(self) -> None:
        """Take out rows of the office's lists that no other row names."""
        named = {
            (target, row[column.name])
            for table in self.found.tables
            for column in tables()[table].columns
            if (target := column.target) is not None
            for row in self.found.rows(table)
        }
        self.keep(
            lambda place: (
                place in named or place[0] == "preference" or _PATIENT in neutral_row(place[0])
            )
        )


def _is_outside(gone: frozenset[Place], place: Place) -> bool:
    return place not in gone


def _families(practice: Practice) -> list[list[Place]]:
    """Return the rows of each family: its patients and every row that names one of them."""
    family = {row[_PATIENT]: row["Guarantor"] for row in practice.rows("patient")}
    groups: dict[int, list[Place]] = defaultdict(list)
    for table in practice.tables:
        if _PATIENT in neutral_row(table):
            for row in practice.rows(table):
                groups[family.get(row[_PATIENT], 0)].append((table, _key(table, row)))
    return list(groups.values())


def _places(practice: Practice) -> list[Place]:
    return [(table, _key(table, row)) for table in practice.tables for row in practice.rows(table)]


def _key(table: str, row: Row) -> int:
    number: int = row[tables()[table].key]
    return number


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
