"""The moments of a load, counted one by one, so that something can happen at each of them.

No clock is involved: moments are pages, statements, blocks of a COPY, and commits.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from include.engine import compare, first_load
from include.source.pages import PageReader
from include.source.read_ahead import BufferPool
from include.source.statement import PreparedStatement, ResultBuffer

# What `moments_at` takes for all of them.
EVERY: tuple[float, ...] = ()
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


def moments_at(count: int, places: Sequence[float]) -> Sequence[int]:
    """Return the moments at these places of a load, or every one."""
    return [max(1, round(count * place)) for place in places] or range(1, count + 1)


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


def at_page(number: int, action: Callable[[], None]) -> None:
    """Do something when all pages before the n-th are done with; reading is further by then."""
    give_back = BufferPool.give_back
    pages = iter(range(2, 1_000_000))

    def interrupted(self: BufferPool, buffer: ResultBuffer) -> None:
        give_back(self, buffer)
        if next(pages) == number:
            action()

    BufferPool.give_back = interrupted  # type: ignore[method-assign]


def commit_batches_of(rows: int, patch: pytest.MonkeyPatch) -> None:
    """Let a load commit as soon as it has moved so many rows."""
    patch.setattr(first_load, "COMMIT_ROWS", rows)
    patch.setattr(compare, "ONE_TRANSACTION_ROWS", rows)


def _telling(method: Any, place: str, happens: Callable[[str], None]) -> Any:
    def told(self: Any, *arguments: Any, **named: Any) -> Any:
        happens(f"before {place}")
        result = method(self, *arguments, **named)
        happens(f"after {place}")
        return result

    return told
