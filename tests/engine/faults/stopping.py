"""Servers of one's own that are stopped in the middle of work, and go on later.

A stopped server keeps its connections: its kernel takes what is sent and answers keepalives, as
that of a machine does whose disk hangs. The limits of the clients are set to seconds.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from include.sessions import locks
from include.source import session as source_session
from include.source import statement
from include.warehouse import session as warehouse_session
from include.warehouse import watch
from local_system import servers

# A client that waits for longer than this has no limit: the server goes on, and the test fails.
RESCUE_SECONDS = 90


# Methods, each with the class that has it.
Calls: TypeAlias = Sequence[tuple[Any, str]]


@dataclass(frozen=True)
class StoppableServer:
    """A server with all the processes that it started."""

    server: servers.Server

    def stop(self) -> None:
        """Stop all of it; no process is started meanwhile, because the first one stops first."""
        for process in self._processes():
            _signal(process, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let all of it go on."""
        for process in reversed(self._processes()):
            _signal(process, signal.SIGCONT)

    @contextmanager
    def stopped_at(self, number: int, calls: Calls) -> Iterator[list[str]]:
        """Stop before the n-th of these calls; yields the names of those that came."""
        with before_call(number, calls, self.stop) as came, self.awake_in_the_end():
            yield came

    @contextmanager
    def awake_in_the_end(self) -> Iterator[None]:
        """Let it go on after the body, and in a body that has no limit."""
        rescue = threading.Timer(RESCUE_SECONDS, self.go_on)
        rescue.start()
        try:
            yield
            assert rescue.is_alive(), "the client waits without a limit"
        finally:
            rescue.cancel()
            self.go_on()

    def _processes(self) -> list[int]:
        first = self.server.process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text()
        return [first, *map(int, children.split())]


def stoppable_source(directory: Path) -> StoppableServer:
    return StoppableServer(
        servers.start_mariadb(directory, port=servers.free_port(), password=servers.new_password())
    )


def stoppable_warehouse(directory: Path) -> StoppableServer:
    return StoppableServer(
        servers.start_postgres(directory, port=servers.free_port(), password=servers.new_password())
    )


def set_short_limits(patch: pytest.MonkeyPatch) -> None:
    """Let clients lose their patience within seconds."""
    patch.setattr(source_session, "CONNECT_TIMEOUT_SECONDS", 3)
    patch.setattr(source_session, "LOGIN_TIMEOUT_SECONDS", 3)
    patch.setattr(source_session, "READ_TIMEOUT_SECONDS", 3)
    patch.setattr(statement, "READ_TIMEOUT_SECONDS", 3)
    patch.setattr(warehouse_session, "CONNECT_TIMEOUT_SECONDS", 3)
    patch.setattr(watch, "ANSWER_LIMIT_SECONDS", 0.5)
    patch.setattr(watch, "PROBE_LIMIT_SECONDS", 2)
    patch.setattr(watch, "PROBES", 2)
    patch.setattr(locks, "HEARTBEAT_SECONDS", 1)


@contextmanager
def before_call(number: int, calls: Calls, action: Callable[[], None]) -> Iterator[list[str]]:
    """Do something once, before the n-th of these calls; yields the names of those that came."""
    came: list[str] = []
    lock = threading.Lock()

    def telling(original: Any, name: str) -> Any:
        def called(*arguments: Any, **named: Any) -> Any:
            with lock:
                came.append(name)
                is_now = len(came) == number
            if is_now:
                action()
            return original(*arguments, **named)

        return called

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in calls:
            patch.setattr(owner, name, telling(getattr(owner, name), name))
        yield came


def _signal(process: int, number: signal.Signals) -> None:
    # A process of the server may end between.
    with suppress(ProcessLookupError):
        os.kill(process, number)
