"""Counts the rows of an office that are in a certain situation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from include.open_dental.schema import tables
from tests.transform.reports.practice import Practice, Row

Count = Callable[[Practice], int]
Test = Callable[[Row], object]

# What the schema does not say of itself.
_TARGETS = {"histappointment.AptNum": "appointment"}


def having(place: str, value: object) -> Count:
    """Count the rows that hold a value in a column, which is spelled table.Column."""
    table, column = place.split(".")
    return lambda practice: sum(row[column] == value for row in practice.rows(table))


def on_day(place: str, offset: int) -> Count:
    """Count the rows whose date is so many days after the office's today."""
    return lambda practice: having(place, practice.today + timedelta(days=offset))(practice)


def gone(place: str) -> Count:
    """Count the rows whose reference names a row that is not there."""
    table, column = place.split(".")
    target = _TARGETS.get(place) or tables()[table].target_of(column)
    if target is None:
        raise KeyError(f"nothing says what {place} refers to")

    def count(practice: Practice) -> int:
        known = practice.by_key(target, tables()[target].key)
        return sum(row[column] > 0 and row[column] not in known for row in practice.rows(table))

    return count


def rows(table: str, test: Test) -> Count:
    """Count the rows that pass a test."""
    return lambda practice: sum(bool(test(row)) for row in practice.rows(table))


def joined(table: str, column: str, target: str, test: Callable[[Row, Row], object]) -> Count:
    """Count the rows that have a partner and with it pass the test."""

    def count(practice: Practice) -> int:
        known = practice.by_key(target, tables()[target].key)
        pairs = ((row, known.get(row[column])) for row in practice.rows(table))
        return sum(bool(test(row, other)) for row, other in pairs if other is not None)

    return count


def repeated(table: str, *columns: str, where: Test = bool) -> Count:
    """Count the groups of rows that agree in these columns."""

    def count(practice: Practice) -> int:
        groups = Counter(
            tuple(row[column] for column in columns) for row in practice.rows(table) if where(row)
        )
        return sum(number > 1 for number in groups.values())

    return count
