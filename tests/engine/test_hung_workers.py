"""A loader that is stopped, or lost behind a network, gives way; it can do no harm when it wakes.

A stopped process answers nobody, and its sockets stay open: the servers see what they see of a
machine that hangs.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import psycopg
import pytest

from include.errors import PipelineError, WarehouseError
from include.sessions import locks
from include.source.pages import PageReader
from include.warehouse import session as warehouse_session
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice

TABLE = (
    "create table T (Id int primary key, Note text) engine=MyISAM",
    "insert into T select seq, concat('note ', seq) from seq_1_to_1000",
)


@dataclass(frozen=True)
class Stopped:
    """A loader that has stopped itself in the middle of its work."""

    process: BaseProcess
    outcome: Connection

    def wake(self) -> str:
        """Let it go on, and return how its load ended."""
        os.kill(self.process.pid or 0, signal.SIGCONT)
        assert self.outcome.poll(60)
        return str(self.outcome.recv())


@contextmanager
def stopped(practice: Practice, place: Callable[[Callable[[], None]], None]) -> Iterator[Stopped]:
    """Load T in a process of its own that stops at `place`, a patch that is given the stop."""
    ours, theirs = multiprocessing.Pipe(duplex=False)

    def load() -> None:
        place(lambda: os.kill(os.getpid(), signal.SIGSTOP))
        try:
            practice.load(practice.config("T", chunk_rows=100))
        except PipelineError as error:
            theirs.send(f"{type(error).__name__}: {error}")
        else:
            theirs.send("loaded")

    process = multiprocessing.get_context("fork").Process(target=load, daemon=True)
    process.start()
    try:
        # The kernel says when the process has stopped.
        _, status = os.waitpid(process.pid or 0, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield Stopped(process, ours)
    finally:
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()


def before_page(number: int) -> Callable[[Callable[[], None]], None]:
    """Stop before a page is read, with the working transaction open."""

    def patch(stop: Callable[[], None]) -> None:
        read = PageReader.read
        pages = iter(range(1, 1_000_000))

        def interrupted(self: PageReader, *arguments: object, **named: object) -> object:
            if next(pages) == number:
                stop()
            return read(self, *arguments, **named)  # type: ignore[arg-type]

        PageReader.read = interrupted  # type: ignore[method-assign, assignment]

    return patch


def inside_copy(stop: Callable[[], None]) -> None:
    """Stop when rows are on their way into a COPY that waits for more."""
    write = psycopg.Copy.write
    times = iter((stop,))

    def interrupted(self: psycopg.Copy, buffer: object) -> None:
        write(self, buffer)  # type: ignore[arg-type]
        next(times, lambda: None)()

    psycopg.Copy.write = interrupted  # type: ignore[method-assign]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that end a silent lock session after three seconds."""
    monkeypatch.setattr(locks, "IDLE_LIMIT_SECONDS", 3)
    monkeypatch.setattr(locks, "HEARTBEAT_SECONDS", 0.3)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("place", [before_page(5), inside_copy], ids=["at a page", "in a COPY"])
@pytest.mark.parametrize("is_first", [True, False], ids=["first load", "refresh"])
def test_another_load_gets_through_and_the_woken_one_fails(
    practice: Practice,
    caplog: pytest.LogCaptureFixture,
    place: Callable[[Callable[[], None]], None],
    *,
    is_first: bool,
) -> None:
    practice.execute(*TABLE)
    table = practice.config("T", chunk_rows=100)
    if not is_first:
        practice.load(table)
        practice.execute("update T set Note = concat(Note, ' edited')")
    with stopped(practice, place) as other:
        practice.execute("update T set Note = 'late' where Id = 1")
        load = practice.load(table)
        assert load.inserted + load.changed == 1000
        assert "an earlier loader lost its lock and left 1 session behind" in caplog.text
        assert_equal(practice.source, practice.warehouse, "T")
        said = other.wake()
    assert said.startswith("WarehouseError: ")
    assert "Try again" in said or "then try again" in said
    assert assert_equal(practice.source, practice.warehouse, "T") == 1000
    assert practice.load(table).moved == 0
    assert practice.query("select state from ops.table_state") == [("loaded",)]


@pytest.mark.usefixtures("impatient")
def test_a_heartbeat_keeps_the_lock_of_a_load_that_takes_long(practice: Practice) -> None:
    practice.execute(*TABLE)
    with locks.lock_session(practice.warehouse) as session, locks.table_lock(session, "t") as held:
        # Longer than the server's patience without a word from the load itself.
        threading.Event().wait(4.5)
        held.check()
        held.keep_alive()


@pytest.mark.usefixtures("impatient")
def test_a_lost_lock_is_noticed_before_anybody_asks_for_a_commit(practice: Practice) -> None:
    pause = threading.Event()
    with locks.lock_session(practice.warehouse) as session, locks.table_lock(session, "t") as held:
        practice.command(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            f"where application_name = '{warehouse_session.LOCK_APPLICATION_NAME}'"
        )
        while not session.is_lost:
            pause.wait(0.05)
        with pytest.raises(WarehouseError, match="keeps other loads of this table away was cut"):
            held.keep_alive()


def test_a_transaction_that_waits_for_the_source_is_kept_alive_between_pages(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "WRITER_PING_SECONDS", 0)
    with (
        locks.lock_session(practice.warehouse) as session,
        locks.table_lock(session, "t") as held,
        warehouse_session.connect(practice.warehouse) as writer,
        locks.sole_writer(held, writer),
    ):
        writer.execute("set idle_in_transaction_session_timeout = '1s'")
        for _ in range(15):
            threading.Event().wait(0.1)
            held.keep_alive()
        assert writer.execute("select 1").fetchone() == (1,)
