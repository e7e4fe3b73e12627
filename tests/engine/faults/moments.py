"""The moments of a load, counted one by one, so that something can happen at each of them.

No clock is involved: moments are pages, statements, blocks of a COPY, and commits.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from include.source.pages import PageReader
from include.source.statement import PreparedStatement

_PLACES: tuple[tuple[Any, str, str], ...] = (
    (PageReader, "read", "page"),
    (PreparedStatement, "drain", "rows"),
    (psycopg.Connection, "execute", "statement"),
    (psycopg.Copy, "write", "copy"),
    (psycopg.Connection, "commit", "commit"),
)


@contextmanager
def watched(happens: Callable[[str], None]) -> Iterator[None]:
    """Call `happens` with a name like "before commit" at every moment."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, place in _PLACES:
            patch.setattr(owner, name, _telling(getattr(owner, name), place, happens))
        yield


@contextmanager
def at_moment(number: int, action: Callable[[], None], *, of: str = "") -> Iterator[None]:
    """Do something once, at the n-th moment whose name ends with `of`."""
    lock = threading.Lock()
    passed = 0

    def happens(place: str) -> None:
        nonlocal passed
        if not place.endswith(of):
            return
        with lock:
            passed += 1
            is_now = passed == number
        if is_now:
            action()

    with watched(happens):
        yield


def count_moments(work: Callable[[], object]) -> int:
    """Do the work undisturbed and return how many moments it had."""
    names: list[str] = []
    with watched(names.append):
        work()
    return len(names)


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do the work in a process of its own that is killed at a moment; say whether it came to it."""

    def work_and_die() -> None:
        with at_moment(number, lambda: os.kill(os.getpid(), signal.SIGKILL)):
            work()

    process = multiprocessing.get_context("fork").Process(target=work_and_die)
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _telling(method: Any, place: str, happens: Callable[[str], None]) -> Any:
    def told(self: Any, *arguments: Any, **named: Any) -> Any:
        happens(f"before {place}")
        result = method(self, *arguments, **named)
        happens(f"after {place}")
        return result

    return told
