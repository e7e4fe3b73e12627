"""When appointments were broken, from their history: what rescheduling erases elsewhere."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row

BROKEN = 5
CHANGED = 1
# Missed and cancelled: what is written where a code is charted for the break.
CODED_BREAKS = (2, 3)


def breaks(practice: Practice) -> list[tuple[Row, bool]]:
    """Return a row per break: of the history, or of an appointment; and whether of the history.

    A row of the history is a break if it says so by its action, or if it is a change that turns
    the status to broken. An appointment that is broken now is one of its own only if its history
    does not end broken.
    """
    history = practice.grouped("histappointment", "AptNum")
    found: list[tuple[Row, bool]] = []
    is_broken: dict[int, bool] = {}
    for number, rows in history.items():
        is_broken[number] = False
        for row in sorted(rows, key=lambda row: (row["HistDateTStamp"], row["HistApptNum"])):
            is_coded = row["HistApptAction"] in CODED_BREAKS
            turns = row["HistApptAction"] == CHANGED and row["AptStatus"] == BROKEN
            if is_coded or (turns and not is_broken[number]):
                found.append((row, True))
            is_broken[number] = is_coded or row["AptStatus"] == BROKEN
    for appointment in practice.rows("appointment"):
        if appointment["AptStatus"] == BROKEN and not is_broken.get(appointment["AptNum"]):
            found.append((appointment, False))
    return found
