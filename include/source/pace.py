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
# Slower than this, the pause after one page would outlast the warehouse's patience.
LOWEST_RATE = 0.5
MEGABYTE = 1_000_000


class ReadPace:
    """Slows one session down; pauses are made between pages, never inside one.

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
        """Return the pace that the connection's options ask for; without one there is no limit."""
        text = endpoint.options.get(RATE_OPTION)
        if text is None:
            return cls(None)
        rate = _number(text)
        if not LOWEST_RATE <= rate < float("inf"):
            raise _invalid(endpoint, RATE_OPTION, f"a number of at least {LOWEST_RATE}")
        return cls(rate * MEGABYTE)

    def pause_after(self, byte_count: int) -> None:
        """Call when a page has been read: sleeps until it could have been read at this pace."""
        if self.bytes_per_second is None:
            return
        now = self._clock()
        pause = seconds_due(byte_count, passed=now - self._since, rate=self.bytes_per_second)
        if pause > 0:
            self._sleep(pause)
            now += pause
        self._since = now


def seconds_due(byte_count: int, *, passed: float, rate: float) -> float:
    """Return how long to wait when `passed` seconds went by for a page; bytes per second."""
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
