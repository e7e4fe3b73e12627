"""How fast, and over how many sessions, the practice's server may be read.

Both are options of the connection: `max_megabytes_per_second` for one session, and
`max_connections` for all tasks of the deployment together (see `include.sessions.slots`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from include.endpoints import Endpoint
from include.errors import ConfigError

RATE_OPTION = "max_megabytes_per_second"
CONNECTIONS_OPTION = "max_connections"
# At this rate the pause after a page of 24 MiB takes 50 s. The warehouse's transaction is idle
# meanwhile, so the pause must stay far below idle_in_transaction_session_timeout.
LOWEST_RATE = 0.5
MEGABYTE = 1_000_000


class ReadPace:
    """Limits the read rate of one session by pauses between pages, never within a page.

    A page that is read slowly keeps a MyISAM table locked; a page that is read at full speed and
    followed by a pause does not.
    """

    def __init__(
        self,
        bytes_per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.bytes_per_second = bytes_per_second
        self._clock = clock
        self._sleep = sleep
        self._since = clock()

    @classmethod
    def of(cls, endpoint: Endpoint) -> ReadPace:
        """Return the pace from the connection's options; without the option there is no limit.

        Raises ConfigError for a rate below LOWEST_RATE.
        """
        text = endpoint.options.get(RATE_OPTION)
        if text is None:
            return cls(None)
        rate = _number(text)
        if not LOWEST_RATE <= rate < float("inf"):
            raise _invalid(endpoint, RATE_OPTION, f"a number of at least {LOWEST_RATE}")
        return cls(rate * MEGABYTE)

    def pause_after(self, byte_count: int) -> None:
        """Sleep, after a page of `byte_count` bytes was read, for as long as the rate requires."""
        if self.bytes_per_second is None:
            return
        now = self._clock()
        pause = seconds_due(byte_count, passed=now - self._since, rate=self.bytes_per_second)
        if pause > 0:
            self._sleep(pause)
            now += pause
        self._since = now


def seconds_due(byte_count: int, *, passed: float, rate: float) -> float:
    """Return the seconds left to wait after a page that took `passed`; `rate` is bytes/second."""
    return max(0.0, byte_count / rate - passed)


def connection_limit(endpoint: Endpoint) -> int | None:
    """Return how many sessions all tasks together may open; None without a limit."""
    text = endpoint.options.get(CONNECTIONS_OPTION)
    if text is None:
        return None
    if not text.isdecimal() or not int(text):
        raise _invalid(endpoint, CONNECTIONS_OPTION, "a whole number above 0")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _invalid(endpoint: Endpoint, option: str, expected: str) -> ConfigError:
    return ConfigError(
        f"its option {option} must be {expected}. Nothing was read. Correct it in the connection "
        "'open_dental'.",
        where=f"connection of {endpoint.name}",
    )
