"""Read the next page while the last one is still being written.

The source and the warehouse then work at the same time. A page that nobody takes waits in memory,
never on the wire.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from include.source.statement import ResultBuffer

T = TypeVar("T")


class BufferPool:
    """Buffers for pages, handed out one at a time; who has none to take waits for one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free: queue.SimpleQueue[ResultBuffer | None] = queue.SimpleQueue()
        for _ in range(size):
            self._free.put(ResultBuffer())

    def take(self) -> ResultBuffer:
        """Return a free buffer; raises PoolClosedError once the pool is closed."""
        buffer = self._free.get()
        if buffer is None:
            raise PoolClosedError
        return buffer

    def give_back(self, buffer: ResultBuffer) -> None:
        """Let the buffer be used again."""
        self._free.put(buffer)

    def close(self) -> None:
        """Make everybody who waits for a buffer stop."""
        self._free.put(None)

    def reopen(self) -> None:
        """Fill the pool again after it was closed; buffers that are still out are forgotten."""
        with suppress(queue.Empty):
            while True:
                self._free.get_nowait()
        for _ in range(self._size):
            self._free.put(ResultBuffer())


class PoolClosedError(Exception):
    """Nobody wants more pages."""


class ReadAhead(Generic[T]):
    """Iterates over `items` in a thread of its own, `depth` items ahead of who takes them.

    The first item is made in the caller's thread: a table of one page needs no other. `close` must
    be called; it stops the reading after the item at hand. What reading raises is raised here.
    `is_last` may know the last item by itself, and then no thread is started for nothing.
    """

    def __init__(
        self,
        items: Iterator[T],
        *,
        stop: Callable[[], None],
        depth: int = 1,
        is_last: Callable[[T], bool] | None = None,
    ) -> None:
        self._items = items
        self._stop = stop
        self._is_last = is_last
        self._ready: queue.Queue[T | BaseException | None] = queue.Queue(maxsize=depth)
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def __iter__(self) -> Iterator[T]:
        """Yield the items in order."""
        for item in self._items:
            is_end = self._is_last is not None and self._is_last(item)
            yield item
            if is_end:
                return
            break
        else:
            return
        self._thread = threading.Thread(target=self._read, name="read-ahead", daemon=True)
        self._thread.start()
        while (item_or_end := self._ready.get()) is not None:
            if isinstance(item_or_end, BaseException):
                raise item_or_end
            yield item_or_end

    def close(self) -> None:
        """Stop reading and wait until the thread has ended."""
        self._is_closed = True
        self._stop()
        while self._thread is not None and self._thread.is_alive():
            with suppress(queue.Empty):
                self._ready.get_nowait()
            self._thread.join(0.01)

    def _read(self) -> None:
        try:
            for item in self._items:
                self._ready.put(item)
                if self._is_closed:
                    return
        except BaseException as error:  # noqa: BLE001  # raised again by who takes the items
            self._ready.put(error)
        else:
            self._ready.put(None)
