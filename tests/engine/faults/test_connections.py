"""Connections that break at a byte, on either side and in either direction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from include.endpoints import Endpoint
from include.errors import PipelineError, SourceError, TerminalError, WarehouseError
from include.source import statement
from tests.engine.faults.proxy import Relay, relayed
from tests.engine.faults.subject import MARK, Subject, told
from tests.engine.faults.test_kills import commit_parts_of
from tests.engine.practice import Practice

SOME = (0.4, 0.97)


def through(practice: Practice, victim: str, endpoint: Endpoint) -> Practice:
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
                error = _broken(weak, subject, relay, side=side, count=max(1, int(place * count)))
                subject.hold_what_readers_see()
                subject.hold_what_the_next_load_mends()
                if error is not None:
                    subject.hold_no_value_was_recorded(told(error))
                    errors.append(error)
    return errors


def _broken(
    weak: Practice, subject: Subject, relay: Relay, *, side: str, count: int
) -> PipelineError | None:
    config = subject.config
    relay.break_after(count, side=side)
    try:
        weak.load(config)
    except PipelineError as error:
        return error
    finally:
        relay.break_after(0, side=side)
    return None


@pytest.mark.parametrize(
    ("victim", "shape", "part_rows"),
    [
        ("source", "number", 1_000_000),
        ("warehouse", "number", 150),
    ],
)
def test_a_connection_cut_at_any_byte_may_be_tried_again(
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    victim: str,
    shape: str,
    part_rows: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    commit_parts_of(part_rows, monkeypatch)
    errors = break_refreshes(practice, shape, victim=victim, places=SOME)
    assert len(errors) >= len(SOME)
    kind = SourceError if victim == "source" else WarehouseError
    assert {type(error) for error in errors} == {kind}
    assert not any(isinstance(error, TerminalError) for error in errors)
    assert MARK not in caplog.text


def test_a_source_that_falls_silent_is_given_up(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    subject = Subject(practice, "T", "number")
    subject.create()
    subject.load()
    subject.edit()
    monkeypatch.setattr(statement, "READ_TIMEOUT_SECONDS", 1)
    with relayed(practice.source) as (relay, endpoint):
        relay.silence.clear()
        # In the middle of the rows.
        error = _broken(
            through(practice, "source", endpoint), subject, relay, side="server", count=12_000
        )
    assert type(error) is SourceError
    assert relay.breaks == 1
    monkeypatch.undo()
    subject.hold_what_readers_see()
    subject.hold_what_the_next_load_mends()
    subject.hold_no_value_was_recorded(told(error) + caplog.text)
