"""Production goals: the production of the monthly report beside what providers' hours ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.production import (
    MODES,
    Key,
    default_mode,
    key,
    monthly_production,
    production_columns,
    summed,
)
from tests.transform.reports.rules import ZERO

OF_PROVIDER = 1
OPEN = 0
MINUTES = 60

Interval = tuple[timedelta, timedelta]


def calculate(practice: Practice) -> list[Row]:
    """Return a row per write-off mode, day, provider and clinic with production or open time."""
    default = default_mode(practice)
    providers = practice.by_key("provider", "ProvNum")
    open_minutes = {
        where: minutes
        for where, intervals in _open_intervals(practice).items()
        if (minutes := _minutes(intervals))
    }
    rows: list[Row] = []
    for mode in MODES:
        amounts = summed(monthly_production(practice, mode))
        for where in amounts.keys() | open_minutes.keys():
            on, provider, clinic = where
            minutes = open_minutes.get(where, ZERO)
            # Only providers that exist have open time.
            hourly = providers[provider]["HourlyProdGoalAmt"] if minutes else ZERO
            rows.append(
                {
                    "writeoff_mode_code": mode,
                    "business_on": on,
                    "provider_id": provider,
                    "clinic_id": clinic,
                    "is_default_writeoff_mode": mode == default,
                    "open_minutes": minutes,
                    "goal_amount": hourly * minutes / MINUTES,
                    **production_columns(amounts.get(where, defaultdict(lambda: ZERO))),
                }
            )
    return rows


def _open_intervals(practice: Practice) -> Mapping[Key, list[Interval]]:
    """Return when each provider is there, by day, provider and clinic."""
    providers = practice.by_key("provider", "ProvNum")
    intervals: dict[Key, list[Interval]] = defaultdict(list)
    for row in practice.rows("schedule"):
        if row["SchedType"] != OF_PROVIDER or row["Status"] != OPEN:
            continue
        if row["ProvNum"] in providers:
            for clinic in _clinics(practice, row):
                where = key(row["SchedDate"], row["ProvNum"], clinic)
                intervals[where].append((row["StartTime"], row["StopTime"]))
    return intervals


def _clinics(practice: Practice, schedule: Row) -> set[int]:
    """Return the clinics in which a provider's time counts: in full in each of them.

    They are those of the operatories that the schedule names, else of those where the provider is
    dentist or hygienist, else none.
    """
    if not _has_clinics(practice):
        return {0}
    operatories = practice.by_key("operatory", "OperatoryNum")
    named = {
        operatories[row["OperatoryNum"]]["ClinicNum"]
        for row in practice.rows("scheduleop")
        if row["ScheduleNum"] == schedule["ScheduleNum"] and row["OperatoryNum"] in operatories
    }
    own = {
        row["ClinicNum"]
        for row in operatories.values()
        if schedule["ProvNum"] in (row["ProvDentist"], row["ProvHygienist"])
    }
    return named or own or {0}


def _has_clinics(practice: Practice) -> bool:
    if practice.preference("EasyNoClinics") != "0":
        return False
    return any(not row["IsHidden"] for row in practice.rows("clinic"))


def _minutes(intervals: Iterable[Interval]) -> Decimal:
    """Return the minutes that at least one interval covers: the exact union.

    The report does not fully merge three intervals nested in an unlucky order.
    """
    total, covered_to = timedelta(), timedelta.min
    for start, stop in sorted(intervals):
        if stop > max(start, covered_to):
            total += stop - max(start, covered_to)
            covered_to = stop
    return Decimal(total // timedelta(seconds=1)) / MINUTES
