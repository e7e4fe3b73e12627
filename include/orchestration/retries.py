"""How long Airflow tries again what may pass by itself.

A server that crashed is back after minutes: it recovers first, and repairs tables when they are
opened. The pauses double, with some chance in them, up to a limit: all tries together take a
quarter of an hour, well within the service level of the critical tables. A task that waits for its
next try holds no slot, so that others work meanwhile. What a person must mend is not tried again:
`task_errors` sees to that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from include import settings

RETRIES = 6
# The longest pause, as a multiple of the first.
LONGEST = 30


def retry_arguments() -> dict[str, Any]:
    """Return what a task's `retries` and the settings around them are."""
    first = timedelta(seconds=settings.retry_seconds())
    return {
        "retries": RETRIES,
        "retry_delay": first,
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": first * LONGEST,
    }
