"""A practice as its database holds it, for the second calculation of the reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

# By the names of Open Dental's columns: numbers are int, money is Decimal, an empty date is EMPTY.
Row = Mapping[str, Any]

EMPTY = date(1, 1, 1)
EMPTY_MOMENT = datetime.combine(EMPTY, time.min)


@dataclass(frozen=True)
class Practice:
    """The rows of every table by its name in the source, and the day that its server calls today.

    Tables without rows may be absent.
    """

    tables: Mapping[str, Sequence[Row]]
    today: date

    def rows(self, table: str) -> Sequence[Row]:
        """Return the rows of a table."""
        return self.tables.get(table, ())

    def by_key(self, table: str, column: str) -> Mapping[int, Row]:
        """Return the rows of a table by a column that no two rows share."""
        return {row[column]: row for row in self.rows(table)}

    def grouped(self, table: str, column: str) -> Mapping[Any, list[Row]]:
        """Return the rows of a table by a column; a value without rows has an empty list."""
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in self.rows(table):
            groups[row[column]].append(row)
        return groups

    def preference(self, name: str, default: str = "") -> str:
        """Return the value of a preference; the default if it was never set."""
        for row in self.rows("preference"):
            if row["PrefName"].lower() == name.lower():
                return str(row["ValueString"])
        return default


def identity(value: int) -> int | None:
    """Return a reference as a mart holds it: None for 0, which means none."""
    return value or None


def day(value: date) -> date | None:
    """Return the day of a date or moment as a mart holds it: None for the empty one."""
    found = value.date() if isinstance(value, datetime) else value
    return None if found.year < 1880 else found
