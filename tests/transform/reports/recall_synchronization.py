"""The dates of recalls as Open Dental would set them if it synchronised now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tests.transform.reports.practice import EMPTY, Practice, Row, day
from tests.transform.reports.rules import months_later

# Completed here, and existing work of this and of another provider.
DONE = (2, 3, 4)
SCHEDULED = 1


@dataclass(frozen=True)
class Dates:
    """What a synchronisation sets on a recall; empty dates included."""

    previous: date
    due: date
    scheduled: date


def synchronised_dates(practice: Practice) -> Mapping[int, Dates]:
    """Return the dates of every recall by its number.

    A recall that a synchronisation leaves alone keeps its dates, but for the scheduled one, which
    is a cache: its type has no triggers, or it is of the prophy type and the patient has a perio
    recall.
    """
    triggers: dict[int, set[int]] = defaultdict(set)
    for row in practice.rows("recalltrigger"):
        triggers[row["RecallTypeNum"]].add(row["CodeNum"])
    prophy, perio = (
        int(practice.preference(name) or 0)
        for name in ("RecallTypeSpecialProphy", "RecallTypeSpecialPerio")
    )
    of_perio = {
        row["PatNum"] for row in practice.rows("recall") if row["RecallTypeNum"] == perio != 0
    }
    done = done_days(practice)
    appointments = coming_appointments(practice)
    found = {}
    for recall in practice.rows("recall"):
        type_number, patient = recall["RecallTypeNum"], recall["PatNum"]
        own = triggers[type_number]
        scheduled = min(
            (on for on, codes in appointments[patient] if codes & own),
            default=EMPTY,
        )
        # Either hygiene visit counts for both types.
        codes = triggers[prophy] | triggers[perio] if type_number in (prophy, perio) else own
        if not own or (type_number == prophy and patient in of_perio):
            previous, due = recall["DatePrevious"], recall["DateDue"]
        else:
            previous = latest(done[patient], codes)
            due = due_date(recall, previous)
        found[recall["RecallNum"]] = Dates(previous, due, scheduled)
    return found


def due_date(recall: Row, previous: date) -> date:
    """Return when a recall is due whose last visit was on a day."""
    calculated = EMPTY if day(previous) is None else later(previous, recall["RecallInterval"])
    if recall["IsDisabled"]:
        return EMPTY
    is_restricted = recall["DisableUntilBalance"] > 0 or day(recall["DisableUntilDate"])
    has_new_visit = day(previous) != day(recall["DatePrevious"])
    was_calculated = recall["DateDue"] == recall["DateDueCalc"]
    if was_calculated or not day(recall["DateDue"]) or (has_new_visit and not is_restricted):
        return calculated
    entered: date = recall["DateDue"]
    return entered


def later(start: date, interval: int) -> date:
    """Return the day after a packed interval: first its years, then months, then weeks, days."""
    years, months, weeks, days = interval.to_bytes(4, "big")
    return months_later(months_later(start, 12 * years), months) + timedelta(days=7 * weeks + days)


def latest(done: Collection[tuple[int, date]], codes: Collection[int]) -> date:
    """Return the latest day on which one of the codes was done; empty if none was."""
    return max((on for code, on in done if code in codes), default=EMPTY)


def done_days(practice: Practice) -> Mapping[int, set[tuple[int, date]]]:
    """Return the codes and days of the work that counts as done, by patient."""
    found: dict[int, set[tuple[int, date]]] = defaultdict(set)
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] in DONE:
            found[row["PatNum"]].add((row["CodeNum"], row["ProcDate"]))
    return found


def coming_appointments(practice: Practice) -> Mapping[int, list[tuple[date, set[int]]]]:
    """Return day and codes of each scheduled appointment after the first moment of today."""
    codes: dict[int, set[int]] = defaultdict(set)
    for row in practice.rows("procedurelog"):
        codes[row["AptNum"]].add(row["CodeNum"])
    found: dict[int, list[tuple[date, set[int]]]] = defaultdict(list)
    for row in practice.rows("appointment"):
        if is_coming(row, practice.today):
            found[row["PatNum"]].append((row["AptDateTime"].date(), codes[row["AptNum"]]))
    return found


def is_coming(appointment: Row, today: date) -> bool:
    """Return whether an appointment is scheduled after 00:00 of today: today's count, but one."""
    midnight = datetime.combine(today, time.min)
    return bool(appointment["AptStatus"] == SCHEDULED and appointment["AptDateTime"] > midnight)
