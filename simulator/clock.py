"""The simulated clock: days, opening hours and holidays of the practice."""

from __future__ import annotations

from datetime import date, timedelta

from simulator.journal import Journal

OPENS = 8 * 60
CLOSES = 17 * 60
SATURDAY_CLOSES = 13 * 60
LUNCH = (12 * 60, 13 * 60)
_FIXED_HOLIDAYS = frozenset({(1, 1), (7, 4), (12, 24), (12, 25), (12, 31)})
_TIMES = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60))


class Clock:
    """The current simulated day; telling it a minute also sets the journal's moment."""

    def __init__(self, journal: Journal, day: date) -> None:
        self._journal = journal
        self.day = day
        self.text = ""
        self._seconds = 0
        self.turn(day)

    def turn(self, day: date) -> None:
        """Begin a day."""
        self.day = day
        self.text = day.isoformat()
        self.tell(OPENS)

    def tell(self, minute: int) -> str:
        """Move to a minute of the day and return the moment as text."""
        self._seconds = (self._seconds + 7) % 60
        now = f"{self.text} {_TIMES[minute % 1440]}:{self._seconds:02}"
        self._journal.now = now
        return now

    @property
    def now(self) -> str:
        """The moment told last."""
        return self._journal.now

    @staticmethod
    def is_holiday(day: date) -> bool:
        """Say whether the practice keeps this holiday."""
        is_thanksgiving = day.month == 11 and day.weekday() == 3 and 22 <= day.day <= 28
        return (day.month, day.day) in _FIXED_HOLIDAYS or is_thanksgiving

    @classmethod
    def is_open(cls, day: date) -> bool:
        """Say whether the practice works on that day: never on Sundays and holidays."""
        return day.weekday() < 6 and not cls.is_holiday(day)

    @staticmethod
    def closes(day: date) -> int:
        """Return the minute at which the practice closes."""
        return SATURDAY_CLOSES if day.weekday() == 5 else CLOSES

    @classmethod
    def open_day(cls, day: date) -> date:
        """Return the day, or the next one on which the practice works."""
        while not cls.is_open(day):
            day += timedelta(days=1)
        return day


def moment(day: date, minute: int) -> str:
    """Return a minute of any day as the text of a datetime."""
    return f"{day.isoformat()} {_TIMES[minute % 1440]}:00"


def time_of(minute: int) -> str:
    """Return a minute of the day as the text of a time."""
    return f"{_TIMES[minute % 1440]}:00"
