"""Kill -9 at the moments of a load: before and after pages, statements, COPY blocks, commits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from include.engine import compare, first_load
from tests.engine.faults.moments import count_moments, killed_at
from tests.engine.faults.subject import Subject
from tests.engine.practice import Practice

# Where in a load the few kills here are; `make soak` takes every moment.
SOME = (0.5, 0.95)
CASES = [("number", 1_000_000), ("number", 150), ("text", 150), ("none", 1_000_000)]
EVERY: tuple[float, ...] = ()


def moments(count: int, places: Sequence[float]) -> Sequence[int]:
    """Return the moments at these places of a load, or every one."""
    return [max(1, round(count * place)) for place in places] or range(1, count + 1)


def commit_parts_of(rows: int, patch: pytest.MonkeyPatch) -> None:
    """Let a load commit as soon as it has moved so many rows."""
    patch.setattr(first_load, "COMMIT_ROWS", rows)
    patch.setattr(compare, "ONE_TRANSACTION_ROWS", rows)


def kill_first_loads(practice: Practice, shape: str, places: Sequence[float]) -> int:
    """Kill first loads of tables like one another, each at another moment."""
    numbers = itertools.count(1)

    def another() -> Subject:
        subject = Subject(practice, f"T{next(numbers)}", shape)
        subject.create()
        return subject

    total = count_moments(another().load)
    killed = 0
    for moment in moments(total, places):
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
    for moment in moments(total, places):
        subject.edit()
        killed += killed_at(moment, lambda: practice.load(subject.config))
        subject.hold_what_readers_see()
        subject.hold_what_the_next_load_mends()
    return killed


@pytest.mark.parametrize(("shape", "part_rows"), CASES)
def test_a_first_load_killed_at_any_moment_is_mended_by_the_next(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, shape: str, part_rows: int
) -> None:
    commit_parts_of(part_rows, monkeypatch)
    # The last one may lie beyond the end: no two loads have quite the same moments.
    assert kill_first_loads(practice, shape, SOME) >= len(SOME) - 1


@pytest.mark.parametrize(("shape", "part_rows"), CASES)
def test_a_refresh_killed_at_any_moment_is_mended_by_the_next(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, shape: str, part_rows: int
) -> None:
    commit_parts_of(part_rows, monkeypatch)
    assert kill_refreshes(practice, shape, SOME) >= len(SOME) - 1
