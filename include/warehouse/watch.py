"""End the wait for a warehouse that has stopped answering while its connections stand.

A process that was stopped, a machine or a disk that hangs: the kernel goes on answering keepalives,
and a client would wait without end. Silence alone proves nothing, since a statement may work for
hours. So who has waited for ANSWER_LIMIT_SECONDS asks the server for a new session as well. Any
answer counts, a refusal too; a server that leaves PROBES of them in a row without one has stopped.

Only the new session tells, so one backend that hangs beside a healthy server, or a server behind a
pooler that logs in by itself, is noticed no sooner than after WAIT_LIMIT_SECONDS.
"""

from __future__ import annotations

import select
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import waiting

from include.errors import WarehouseError

# Of silence, until the server is asked for a new session, and again.
ANSWER_LIMIT_SECONDS = 60
# A new session takes milliseconds; the server of a busy practice gets a minute for three of them.
PROBE_LIMIT_SECONDS = 20
PROBES = 3
# Above statement_timeout in include/warehouse/session.py, by which every statement has ended.
WAIT_LIMIT_SECONDS = 4 * 3600 + 600
_LOOK_SECONDS = 0.1

T = TypeVar("T")


class SilentWarehouseError(psycopg.OperationalError):
    """The server does not answer; `seen` continues "the warehouse ..."."""

    def __init__(self, seen: str) -> None:
        self.seen = seen
        super().__init__(f"the warehouse {seen}")

    @property
    def advice(self) -> str:
        """What to do, as a sentence of its own."""
        return (
            "Its process, machine or disk hangs, or the network between: look at it there, then "
            "try again."
        )


class Patience:
    """One wait for the server with these arguments of psycopg.connect; `check` ends it."""

    def __init__(self, login: Mapping[str, Any]) -> None:
        self._login = login
        self._began = time.monotonic()
        self._asks_at = self._began + ANSWER_LIMIT_SECONDS
        self._unanswered = 0

    def check(self) -> None:
        """Call it again and again while nothing comes; raises SilentWarehouseError in the end."""
        if time.monotonic() < self._asks_at:
            return
        if _answers(self._login):
            self._unanswered = 0
            self._asks_at = time.monotonic() + ANSWER_LIMIT_SECONDS
        else:
            self._unanswered += 1
        waited = round(time.monotonic() - self._began)
        if self._unanswered == PROBES:
            raise SilentWarehouseError(
                f"has stopped answering while the connection stood: not a word for {waited} s, and "
                f"none to {PROBES} attempts to log in"
            )
        if waited > WAIT_LIMIT_SECONDS:
            raise SilentWarehouseError(
                f"lets others log in, but this session has had no answer for {waited} s, longer "
                "than any statement may take"
            )


class WatchedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose every wait raises SilentWarehouseError when the server has stopped.

    It is closed then. `login` has the arguments with which it was opened.
    """

    login: Mapping[str, Any]

    def wait(
        self,
        gen: Generator[Any, Any, T],
        interval: float = _LOOK_SECONDS,
        timeout: float | None = None,
    ) -> T:
        """Wait as psycopg does; it resumes the generator whenever an interval brought nothing."""
        return super().wait(self._watched(gen), interval, timeout)

    def _watched(self, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        patience = None
        try:
            state = next(steps)
            while True:
                ready = yield state
                if ready == waiting.Ready.NONE:
                    patience = patience or Patience(self.login)
                    patience.check()
                else:
                    patience = None
                state = steps.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result
        except SilentWarehouseError:
            # What is not over yet will never be; whoever cleans up must not wait again.
            self.pgconn.finish()
            raise


@contextmanager
def psycopg2_watched(login: Mapping[str, Any]) -> Iterator[None]:
    """Watch all that psycopg2 waits for in this process meanwhile, in any thread.

    Raises WarehouseError at the end when the server had stopped, whatever came of it inside: each
    wait since then has ended at once with psycopg2's OperationalError.
    """
    import psycopg2
    from psycopg2 import extensions

    found: list[SilentWarehouseError] = []

    def wait(connection: Any) -> None:
        patience = Patience(login)
        while (state := connection.poll()) != extensions.POLL_OK:
            if found:
                raise psycopg2.OperationalError(str(found[0]))
            poll = select.poll()
            poll.register(
                connection, select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
            )
            if poll.poll(_LOOK_SECONDS * 1000):
                patience = Patience(login)
                continue
            try:
                patience.check()
            except SilentWarehouseError as error:
                found.append(error)

    extensions.set_wait_callback(wait)
    try:
        yield
    finally:
        extensions.set_wait_callback(None)
        if found:
            raise WarehouseError(
                f"the warehouse {found[0].seen}. What is not yet committed was rolled back. "
                f"{found[0].advice}"
            )


def how_it_broke_off(error: psycopg.Error) -> str:
    """Return how a session ended, continuing "the warehouse ..."."""
    silence = silence_behind(error)
    return silence.seen if silence else f"broke off (SQLSTATE {error.sqlstate or 'none'})"


def silence_behind(error: BaseException | None) -> SilentWarehouseError | None:
    """Return the silence that led to an error, as where a closed connection is cleaned up."""
    while error is not None and not isinstance(error, SilentWarehouseError):
        error = error.__context__
    return error


def _answers(login: Mapping[str, Any]) -> bool:
    try:
        psycopg.connect(**{**login, "connect_timeout": PROBE_LIMIT_SECONDS}).close()
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.OperationalError:
        return True
    return True
