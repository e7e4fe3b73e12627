"""Carries work to the server in the background, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType

import pymysql
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from simulator import writer

_LOOK_SECONDS = 0.2

Work = Callable[[Cursor], object]


class Background:
    """A session and a thread of its own that does one piece of work after the other.

    Leaving the block waits for all of it and raises what went wrong; work that is behind an error
    is not done.
    """

    def __init__(self, endpoint: Endpoint, *, most_waiting: int = 0) -> None:
        """Nothing is connected before the block is entered.

        Whoever adds work waits while `most_waiting` pieces do; without it nobody ever waits.
        """
        self._endpoint = endpoint
        self._waiting: queue.Queue[Work | None] = queue.Queue(most_waiting)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="demo-background", daemon=True)

    def __enter__(self) -> Background:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def do(self, work: Work) -> None:
        """Add a piece of work; raises the error of an earlier one."""
        if self._error is not None:
            raise self._error
        self._waiting.put(work)

    def wait(self) -> None:
        """Return when everything that was added is done; raise what went wrong."""
        done = threading.Event()
        self.do(lambda _: done.set())
        while not done.wait(_LOOK_SECONDS):
            if self._error is not None:
                raise self._error

    def _work(self) -> None:
        try:
            self._work_in_session()
        except pymysql.MySQLError as error:
            self._fail(writer.explain(error))
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            self._fail(error)

    def _work_in_session(self) -> None:
        with writer.connect(self._endpoint) as connection, connection.cursor() as cursor:
            writer.use(connection, self._endpoint.database)
            cursor.execute("set session sql_mode = 'NO_UNSIGNED_SUBTRACTION'")
            while (work := self._waiting.get()) is not None:
                work(cursor)
                connection.commit()

    def _fail(self, error: Exception) -> None:
        """Keep the error and go on emptying the queue, so that nobody waits for ever."""
        self._error = error
        while (work := self._waiting.get()) is not None:
            del work
