"""Read the next pages while the last one is still being written.

The source and the warehouse then work at the same time. A page that nobody takes waits in memory,
never on the wire.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from include.source.statement import ResultBuffer

T = TypeVar("T")

# The memory of a buffer that is used again. A larger one was needed once, and is let go.
_KEPT_BYTES = 8 * 1024 * 1024


class BufferPool:
    """At most `size` buffers for pages; who has none to take waits for one.

    One more is handed out only while those that are out hold no more than `byte_limit`, so that
    few large pages take no more memory than many small ones.
    """

    def __init__(self, size: int, *, byte_limit: int) -> None:
        self._byte_limit = byte_limit
        self._changed = threading.Condition()
        self._free = [ResultBuffer() for _ in range(size)]
        self._out: list[ResultBuffer] = []
        self._is_closed = False

    def take(self) -> ResultBuffer:
        """Return an empty buffer; raises PoolClosedError once the pool is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_room())
            if self._is_closed:
                raise PoolClosedError
            buffer = self._free.pop()
            self._out.append(buffer)
            return buffer

    def give_back(self, buffer: ResultBuffer) -> None:
        """Let the buffer, which is out, be used again; a small one replaces one that grew large."""
        with self._changed:
            self._out.remove(buffer)
            buffer.empty()
            self._free.append(buffer if len(buffer.data) <= _KEPT_BYTES else ResultBuffer())
            self._changed.notify()

    def close(self) -> None:
        """Make everybody who waits for a buffer stop."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def reopen(self) -> None:
        """Fill the pool again after it was closed; buffers that are still out are forgotten."""
        with self._changed:
            self._is_closed = False
            self._free += [ResultBuffer() for _ in self._out]
            self._out.clear()

    def _has_room(self) -> bool:
        held = sum(buffer.byte_count for buffer in self._out)
        return bool(self._free) and held <= self._byte_limit


class PoolClosedError(Exception):
    """Nobody wants more pages."""


class ReadAhead(Generic[T]):
    """Iterates over `items` in a thread of its own, as far ahead as these let themselves be made.

    The first item is made in the caller's thread: a table of one page needs no other. `close` must
    be called; it stops the reading after the item at hand. What reading raises is raised here.
    `is_last` may know the last item by itself, and then no thread is started for nothing.
    """

    def __init__(
        self,
        items: Iterator[T],
        *,
        stop: Callable[[], None],
        is_last: Callable[[T], bool] | None = None,
    ) -> None:
        self._items = items
        self._stop = stop
        self._is_last = is_last
        self._ready: queue.SimpleQueue[T | BaseException | None] = queue.SimpleQueue()
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
        if self._thread is not None:
            self._thread.join()

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
