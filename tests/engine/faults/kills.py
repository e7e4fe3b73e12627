"""First loads and refreshes that are killed at their moments, one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from tests.engine.faults.moments import count_moments, killed_at, moments_at
from tests.engine.faults.subject import Subject
from tests.engine.practice import Practice

# The shape of a table, and after how many rows its loads commit.
CASES = [("number", 1_000_000), ("number", 150), ("text", 150), ("none", 1_000_000)]


def kill_first_loads(practice: Practice, shape: str, places: Sequence[float]) -> int:
    """Kill first loads of tables like one another, each at another moment."""
    numbers = itertools.count(1)

    def another() -> Subject:
        subject = Subject(practice, f"T{next(numbers)}", shape)
        subject.create()
        return subject

    total = count_moments(another().load)
    killed = 0
    for moment in moments_at(total, places):
        subject = another()
        killed += killed_at(moment, lambda: practice.load(subject.config))  # noqa: B023
        subject.hold_what_readers_see()
        subject.hold_what_the_next_load_mends()
    return killed


def kill_refreshes(practice: Practice, shape: str, places: Sequence[float]) -> int:
    """Kill refreshes of one table, each at another moment."""
    subject = Subject(practice, "T", shape)
    subject.create()
    subject.load()
    subject.edit()
    total = count_moments(lambda: practice.load(subject.config))
    subject.load()
    killed = 0
    for moment in moments_at(total, places):
        subject.edit()
        killed += killed_at(moment, lambda: practice.load(subject.config))
        subject.hold_what_readers_see()
        subject.hold_what_the_next_load_mends()
    return killed
