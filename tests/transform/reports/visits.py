"""Completed procedures that are visits: all but those that stand for a broken appointment."""

from __future__ import annotations

from collections.abc import Iterator

from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import BROKEN_CODES, COMPLETE, procedure_codes


def visit_procedures(practice: Practice) -> Iterator[Row]:
    """Yield the completed procedures but D9986 and D9987; one whose code is gone is a visit."""
    codes = procedure_codes(practice)
    for procedure in practice.rows("procedurelog"):
        if (
            procedure["ProcStatus"] == COMPLETE
            and codes.get(procedure["CodeNum"]) not in BROKEN_CODES
        ):
            yield procedure
