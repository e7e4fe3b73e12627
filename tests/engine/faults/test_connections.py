"""Connections that break at a byte, on either side and in either direction."""

from __future__ import annotations

import logging

import pytest

from include.errors import SourceError, TerminalError, WarehouseError
from include.source import statement
from tests.engine.faults.cuts import break_refreshes, load_cut, through
from tests.engine.faults.moments import commit_batches_of
from tests.engine.faults.proxy import relayed
from tests.engine.faults.subject import MARK, Subject, told
from tests.engine.practice import Practice

SOME = (0.4, 0.97)


@pytest.mark.parametrize(
    ("victim", "shape", "batch_rows"),
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
    batch_rows: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    commit_batches_of(batch_rows, monkeypatch)
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
        error = load_cut(
            through(practice, "source", endpoint), subject, relay, side="server", count=12_000
        )
    assert type(error) is SourceError
    assert relay.breaks == 1
    monkeypatch.undo()
    subject.hold_what_readers_see()
    subject.hold_what_the_next_load_mends()
    subject.hold_no_value_was_recorded(told(error) + caplog.text)
