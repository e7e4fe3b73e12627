"""How often a component that died is started again, and after which pause."""

from __future__ import annotations

from collections.abc import Sequence

LIMIT = 5
WINDOW_SECONDS = 600.0
FIRST_PAUSE_SECONDS = 1.0


def next_pause(earlier: Sequence[float], now: float) -> float | None:
    """Return how many seconds to wait before the next start; None when it has died too often.

    `earlier` are the moments at which it was started again, in seconds of the clock of `now`. The
    pause doubles with each of them: what was killed is back in a second, and what cannot run does
    not keep the machine busy.
    """
    recent = [moment for moment in earlier if now - moment < WINDOW_SECONDS]
    if len(recent) >= LIMIT:
        return None
    return FIRST_PAUSE_SECONDS * float(2 ** len(recent))
