"""Incomplete procedure notes: unanswered prompts, days without a note, notes without signature.

The form opens with today, listed providers and incomplete notes; missing and unsigned ones are in
where the office's preferences say so: is_in_default_report.
"""

from __future__ import annotations

import re

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import (
    BROKEN_CODES,
    COMPLETE,
    listed_providers,
    procedure_codes,
)

EXISTING = 3
GROUP_NOTE = "~GRP~"
EXCLUDED = "D9986,D9987"
# Two double quotes in a row, or a prompt that nobody answered.
OPEN_PROMPT = re.compile(r'""|\[Prompt:"[\w ]+"\]', re.IGNORECASE | re.ASCII)


def calculate(practice: Practice) -> list[Row]:
    """Return one row per procedure that some setting of the form shows."""
    codes = procedure_codes(practice)
    listed = listed_providers(practice)
    notes = latest_notes(practice)
    excluded = {
        code.strip().upper()
        for code in practice.preference("ReportsIncompleteProcsExcludeCodes", EXCLUDED).split(",")
    }
    shows_no_note = practice.preference("ReportsIncompleteProcsNoNotes") == "1"
    shows_unsigned = practice.preference("ReportsIncompleteProcsUnsigned") == "1"
    considered = considered_procedures(practice, excluded)
    noted_days = {
        (procedure["PatNum"], procedure["ProcDate"])
        for procedure in considered
        if codes[procedure["CodeNum"]] not in BROKEN_CODES
        and procedure["ProcNum"] in notes
        and notes[procedure["ProcNum"]]["Note"] != ""
    }
    rows: list[Row] = []
    for procedure in considered:
        note = notes.get(procedure["ProcNum"])
        is_incomplete = note is not None and bool(OPEN_PROMPT.search(note["Note"]))
        has_no_note = (procedure["PatNum"], procedure["ProcDate"]) not in noted_days
        # Signatures never leave the source, so nobody here knows whether a written note has one.
        is_unsigned = None if note is not None and note["Note"].strip() != "" else False
        is_listed = procedure["ProvNum"] in listed
        if not (is_incomplete or has_no_note or is_unsigned):
            continue
        rows.append(
            {
                "procedure_id": procedure["ProcNum"],
                "procedure_on": day(procedure["ProcDate"]),
                "patient_id": procedure["PatNum"],
                "provider_id": identity(procedure["ProvNum"]),
                "clinic_id": identity(procedure["ClinicNum"]),
                "procedure_code": codes[procedure["CodeNum"]],
                "is_incomplete": is_incomplete,
                "has_no_note": has_no_note,
                "has_unsigned_note": is_unsigned,
                "is_listed_provider": is_listed,
                "is_in_default_report": is_listed
                and (
                    is_incomplete
                    or (shows_no_note and has_no_note)
                    or (shows_unsigned and bool(is_unsigned))
                ),
            }
        )
    return rows


def considered_procedures(practice: Practice, excluded: set[str]) -> list[Row]:
    """Return the completed procedures and the group notes, without the codes left out."""
    patients = practice.by_key("patient", "PatNum")
    codes = procedure_codes(practice)
    return [
        row
        for row in practice.rows("procedurelog")
        if row["PatNum"] in patients
        and row["CodeNum"] in codes
        and codes[row["CodeNum"]] not in excluded
        and (
            row["ProcStatus"] == COMPLETE
            or (row["ProcStatus"] == EXISTING and codes[row["CodeNum"]] == GROUP_NOTE)
        )
    ]


def latest_notes(practice: Practice) -> dict[int, Row]:
    """Return the latest note of each procedure; of one moment the last entered."""
    return {
        row["ProcNum"]: row
        for row in sorted(
            practice.rows("procnote"), key=lambda row: (row["EntryDateTime"], row["ProcNoteNum"])
        )
    }
