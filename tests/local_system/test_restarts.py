"""How often a component that died is started again."""

from __future__ import annotations

from local_system.restarts import LIMIT, WINDOW_SECONDS, next_pause


def test_each_start_waits_twice_as_long_until_there_are_too_many() -> None:
    earlier: list[float] = []
    pauses = []
    now = 1000.0
    while (pause := next_pause(earlier, now)) is not None:
        pauses.append(pause)
        earlier.append(now)
        now += pause
    assert pauses == [1, 2, 4, 8, 16]
    assert len(pauses) == LIMIT


def test_what_lived_long_enough_is_started_at_once_again() -> None:
    earlier = [float(moment) for moment in range(LIMIT)]
    assert next_pause(earlier, WINDOW_SECONDS - 1) is None
    assert next_pause(earlier, WINDOW_SECONDS + 1) == 8
    assert next_pause(earlier, 2 * WINDOW_SECONDS) == 1
