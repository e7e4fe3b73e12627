"""What day it is at the practice: by its server's clock and zone, which Open Dental goes by.

Our own sessions are in UTC, so that a row reads the same everywhere. What the server had for us
before is kept in two variables of each session, which its first command sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.endpoints import Endpoint
from include.errors import SourceError
from include.source.session import SourceConnection, source_errors


@dataclass(frozen=True, slots=True)
class OfficeClock:
    """The practice's date when a session was opened, and how far its clock is ahead of UTC."""

    today: date
    utc_offset: timedelta


def read_office_clock(connection: SourceConnection, endpoint: Endpoint) -> OfficeClock:
    """Return what the session found when it was opened; raises SourceError when that is lost."""
    with source_errors(endpoint), connection.cursor() as cursor:
        cursor.execute("select @office_on, @office_utc_minutes")
        today, minutes = cursor.fetchone() or (None, None)
    if today is None or minutes is None:
        raise SourceError(
            "the session no longer knows what day it was at the practice when it was opened. "
            "Nothing was loaded. A proxy that shares sessions between clients does this: connect "
            "to the server itself.",
            where=endpoint.name,
        )
    text = today.decode() if isinstance(today, bytes) else str(today)
    return OfficeClock(date.fromisoformat(text), timedelta(minutes=int(minutes)))


def disagreement(clock: OfficeClock, time_zone: str, *, at: datetime) -> str | None:
    """Return what is wrong when the deployment's zone has another offset at that moment."""
    try:
        expected = at.astimezone(ZoneInfo(time_zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return f"DENTAL_OFFICE_TIME_ZONE names no time zone: {time_zone}"
    if expected == clock.utc_offset:
        return None
    return (
        f"the clock of the practice's server is at {timezone(clock.utc_offset)}, that of "
        f"DENTAL_OFFICE_TIME_ZONE ({time_zone}) at {timezone(expected or timedelta())}. The marts "
        f"go by the server: its today is {clock.today}. Set the variable to the practice's zone, "
        "or correct the server's."
    )
