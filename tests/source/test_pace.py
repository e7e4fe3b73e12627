from __future__ import annotations

from dataclasses import replace

import pytest

from include.endpoints import Endpoint
from include.errors import ConfigError
from include.source.pace import ReadPace, connection_limit, seconds_due

NOWHERE = Endpoint("mysql", "127.0.0.1", 1, "reader", "", "opendental")


class Clock:
    """A clock that only moves when somebody reads a page or pauses."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_pages_and_pauses_together_take_what_the_rate_allows() -> None:
    clock = Clock()
    pace = ReadPace(1_000_000, clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(10):
        clock.now += 0.5
        pace.pause_after(4_000_000)
    assert clock.pauses == [3.5] * 10
    assert clock.now == 140.0


def test_a_slow_page_is_followed_by_no_pause_and_gives_no_credit() -> None:
    clock = Clock()
    pace = ReadPace(1_000_000, clock=lambda: clock.now, sleep=clock.sleep)
    clock.now += 60
    pace.pause_after(4_000_000)
    assert clock.pauses == []
    pace.pause_after(4_000_000)
    assert clock.pauses == [4.0]


def test_without_the_option_nobody_pauses() -> None:
    clock = Clock()
    pace = ReadPace(None, clock=lambda: clock.now, sleep=clock.sleep)
    pace.pause_after(10**12)
    assert clock.pauses == []
    assert connection_limit(NOWHERE) is None


def test_the_option_counts_megabytes_of_a_second() -> None:
    assert seconds_due(3_000_000, passed=1, rate=1_500_000) == 1.0
    limited = replace(NOWHERE, options={"max_megabytes_per_second": "1.5", "max_connections": "3"})
    assert ReadPace.of(limited).bytes_per_second == 1_500_000
    assert connection_limit(limited) == 3


@pytest.mark.parametrize("text", ["fast", "0", "-1", "0.1", "nan", "inf"])
def test_a_rate_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"max_megabytes_per_second must be a number .*0\.5"):
        ReadPace.of(replace(NOWHERE, options={"max_megabytes_per_second": text}))


@pytest.mark.parametrize("text", ["many", "0", "-1", "2.5"])
def test_a_number_of_sessions_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="max_connections must be a whole number above 0"):
        connection_limit(replace(NOWHERE, options={"max_connections": text}))
