"""Statements that a server ends: killed, or out of patience with somebody else's lock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.engine import connections
from include.errors import PipelineError, SourceError, WarehouseError
from include.source import session as source_session
from include.warehouse import session as warehouse_session
from tests.engine.faults.subject import Subject, told
from tests.engine.practice import Practice, writing

# A statement that waits for a MyISAM table somebody else has locked.
_WAITING = (
    "select id from information_schema.processlist where db = database() "
    "and state like 'Waiting for table%' and id <> connection_id()"
)


@pytest.fixture
def subject(practice: Practice, caplog: pytest.LogCaptureFixture) -> Subject:
    """A table that was loaded and then edited."""
    caplog.set_level(logging.DEBUG)
    found = Subject(practice, "T", "number")
    found.create()
    found.load()
    found.edit()
    return found


@contextmanager
def locked_in_source(subject: Subject, then: str = "") -> Iterator[None]:
    """Lock the table; run `then` on the session that waits for it, which it is formatted with."""
    stop = threading.Event()

    def look() -> None:
        with writing(subject.practice.source) as cursor:
            while not stop.wait(0.02):
                cursor.execute(_WAITING)
                found = cursor.fetchall()
                if found and then:
                    cursor.execute(then.format(found[0][0]))
                    return

    with writing(subject.practice.source) as cursor:
        cursor.execute(f"lock tables {subject.name} write")
        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()


def mended(subject: Subject, said: str) -> None:
    """Hold that nothing that was said has a value, and what holds after any broken load."""
    subject.hold_no_value_was_recorded(said)
    subject.hold_what_readers_see()
    subject.hold_what_the_next_load_mends()


@pytest.mark.parametrize("kill", ["kill query {}", "kill connection {}"])
def test_a_read_that_somebody_kills_may_be_tried_again(
    subject: Subject, caplog: pytest.LogCaptureFixture, kill: str
) -> None:
    config = subject.config
    with locked_in_source(subject, kill), pytest.raises(PipelineError) as caught:
        subject.practice.load(config)
    assert type(caught.value) is SourceError
    mended(subject, told(caught.value) + caplog.text)


def test_a_table_that_the_practice_keeps_locked_is_left_for_later(
    subject: Subject, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_session, "LOCK_LIMIT_SECONDS", 1)
    config = subject.config
    with locked_in_source(subject), pytest.raises(PipelineError) as caught:
        subject.practice.load(config)
    assert type(caught.value) is SourceError
    monkeypatch.undo()
    mended(subject, told(caught.value) + caplog.text)


def test_a_raw_table_that_a_reader_keeps_locked_is_left_for_later(
    subject: Subject, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOCK_TIMEOUT_SECONDS", 1)
    with warehouse_session.connect(subject.practice.warehouse) as reader:
        reader.execute("lock table raw.t in access exclusive mode")
        config = subject.config
        with pytest.raises(PipelineError) as caught:
            subject.practice.load(config)
    assert type(caught.value) is WarehouseError
    assert "kept the table locked for too long" in str(caught.value)
    monkeypatch.undo()
    mended(subject, told(caught.value) + caplog.text)
