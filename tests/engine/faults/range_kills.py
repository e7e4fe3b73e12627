"""Loads of a table in ranges that are killed at their moments, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from include.catalog.targets import LoadTarget
from include.engine import EngineConnections, load_pinned
from include.source.keys import KeyRange
from tests.engine.faults.moments import count_moments, killed_at, moments_at
from tests.engine.faults.subject import Subject
from tests.engine.practice import Practice
from tests.engine.ranged_loads import open_ranged_run

BOUNDS = (None, ("180",), ("420",), None)
RANGES = (1, 2, 3)


def planned(subject: Subject) -> int:
    """Open a run that loads the table in ranges that its chunks end at."""
    ranges = [KeyRange(lo, hi) for lo, hi in pairwise(BOUNDS)]
    return open_ranged_run(subject.practice, subject.config, ranges)


def load_ranges(subject: Subject, run_id: int) -> None:
    """Load every range, the last of which completes the table."""
    with EngineConnections(subject.practice.source, subject.practice.warehouse) as connections:
        for number in RANGES:
            target = LoadTarget(subject.name, number, len(RANGES))
            load_pinned(connections, run_id=run_id, target=target)


def kill_ranges(practice: Practice, places: Sequence[float], *, is_first: bool) -> int:
    """Kill loads in ranges; in turn the same run tries again, or the next one loads all at once."""

    def another(number: int) -> Subject:
        subject = Subject(practice, f"T{number}", "number")
        subject.create()
        if not is_first:
            subject.load()
            # An edit in every range, which leaves the bounds of the chunks where they are.
            practice.execute(f"update {subject.name} set PatNum = 7000 + Id where Id % 50 = 1")
        return subject

    subject = another(0)
    run_id = planned(subject)
    total = count_moments(lambda: load_ranges(subject, run_id))
    killed = 0
    for number, moment in enumerate(moments_at(total, places)):
        subject = another(moment)
        run_id = planned(subject)
        killed += killed_at(moment, lambda: load_ranges(subject, run_id))  # noqa: B023
        subject.hold_what_readers_see()
        if number % 2 == is_first:
            load_ranges(subject, run_id)
            assert subject.raw() == subject.source()
            assert practice.load(subject.config).moved == 0
        subject.hold_what_the_next_load_mends()
    return killed
