"""Read the next pages while the last one is still being written.

The source and the warehouse then work at the same time. A page that waits for its turn is in memory
completely, so that it keeps no table of the source locked.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from include.source.statement import ResultBuffer

T = TypeVar("T")

# A buffer that grew larger than this is replaced instead of reused: such pages are rare.
_KEPT_BYTES = 8 * 1024 * 1024


class BufferPool:
    """At most `size` buffers for pages, shared by the thread that reads and the one that writes.

    A buffer is handed out only while those in use hold at most `byte_limit` bytes, so that few
    large pages take no more memory than many small ones.
    """

    def __init__(self, size: int, *, byte_limit: int) -> None:
        self._byte_limit = byte_limit
        self._changed = threading.Condition()
        self._free = [ResultBuffer() for _ in range(size)]
        self._out: list[ResultBuffer] = []
        self._is_closed = False

    def take(self) -> ResultBuffer:
        """Wait for a free buffer and return it; raises PoolClosedError once the pool is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_room())
            if self._is_closed:
                raise PoolClosedError
            buffer = self._free.pop()
            self._out.append(buffer)
            return buffer

    def give_back(self, buffer: ResultBuffer) -> None:
        """Return a taken buffer to the pool, empty; one that grew large is replaced."""
        with self._changed:
            self._out.remove(buffer)
            buffer.empty()
            self._free.append(buffer if len(buffer.data) <= _KEPT_BYTES else ResultBuffer())
            self._changed.notify()

    def close(self) -> None:
        """Make every `take`, also one that is waiting, raise PoolClosedError."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def reopen(self) -> None:
        """Open a closed pool again at full size; buffers that were not returned are replaced."""
        with self._changed:
            self._is_closed = False
            self._free += [ResultBuffer() for _ in self._out]
            self._out.clear()

    def _has_room(self) -> bool:
        held = sum(buffer.byte_count for buffer in self._out)
        return bool(self._free) and held <= self._byte_limit


class PoolClosedError(Exception):
    """The pool was closed because no more pages are wanted."""


class ReadAhead(Generic[T]):
    """Iterates over `items` in a thread of its own, ahead of the consumer.

    `items` limits how far ahead, for example by waiting for a buffer. The first item is produced in
    the consumer's thread, and no thread is started when `is_last` is true for it, as for a table of
    one page. An error of `items` is raised in the consumer. `close` must be called: it calls
    `stop`, which must end a wait of `items`, and ends the reading after the current item.
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
        except BaseException as error:  # noqa: BLE001  # raised again in the consumer
            self._ready.put(error)
        else:
            self._ready.put(None)
