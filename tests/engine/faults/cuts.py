"""Refreshes whose connections are cut at their bytes, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from include.endpoints import Endpoint
from include.errors import PipelineError
from tests.engine.faults.proxy import Relay, relayed
from tests.engine.faults.subject import Subject, told
from tests.engine.practice import Practice


def through(practice: Practice, victim: str, endpoint: Endpoint) -> Practice:
    """Return the practice with the victim reached by another endpoint."""
    if victim == "source":
        return replace(practice, source=endpoint)
    return replace(practice, warehouse=endpoint)


def break_refreshes(
    practice: Practice, shape: str, *, victim: str, places: Sequence[float]
) -> list[PipelineError]:
    """Break the victim's connections at these places of refreshes, from both sides."""
    subject = Subject(practice, "T", shape)
    subject.create()
    subject.load()
    errors: list[PipelineError] = []
    with relayed(getattr(practice, victim)) as (relay, endpoint):
        weak = through(practice, victim, endpoint)
        subject.edit()
        before = dict(relay.passed)
        weak.load(subject.config)
        usual = {side: relay.passed[side] - before[side] for side in before}
        subject.load()
        for place in places:
            for side, count in usual.items():
                subject.edit()
                error = load_cut(weak, subject, relay, side=side, count=max(1, int(place * count)))
                subject.hold_what_readers_see()
                subject.hold_what_the_next_load_mends()
                if error is not None:
                    subject.hold_no_value_was_recorded(told(error))
                    errors.append(error)
    return errors


def load_cut(
    weak: Practice, subject: Subject, relay: Relay, *, side: str, count: int
) -> PipelineError | None:
    """Load while the relay cuts a side after so many bytes; return the error, if there was one."""
    config = subject.config
    relay.break_after(count, side=side)
    try:
        weak.load(config)
    except PipelineError as error:
        return error
    finally:
        relay.break_after(0, side=side)
    return None
