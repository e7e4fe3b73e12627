"""When the DAGs run, by the office's clock."""

from __future__ import annotations

from airflow.sdk import CronDataIntervalTimetable

from include import settings

# After the office's own nightly backup, before anybody is in.
NIGHTLY = "0 2 * * *"
# On the quietest morning, and before the night's refresh.
WEEKLY = "0 1 * * 0"


def nightly() -> CronDataIntervalTimetable:
    """Return the schedule of the refresh: every run covers the day before it."""
    return CronDataIntervalTimetable(NIGHTLY, timezone=settings.office_time_zone())


def weekly() -> CronDataIntervalTimetable:
    """Return the schedule of discovery."""
    return CronDataIntervalTimetable(WEEKLY, timezone=settings.office_time_zone())
