"""Production by code: the groups of the procedures report."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.transform.reports import od_procedures
from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import ZERO

KEYS = (
    "procedure_on",
    "procedure_code_id",
    "provider_id",
    "clinic_id",
    "procedure_code",
    "procedure_category_id",
)


def calculate(practice: Practice) -> list[Row]:
    """Return a row per day, code, provider and clinic; neither patient nor provider is needed."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in od_procedures.calculate(practice):
        if row["is_in_grouped_report"]:
            groups[tuple(row[name] for name in KEYS)].append(row)
    return [
        {
            **dict(zip(KEYS, group, strict=True)),
            "procedure_count": len(rows),
            "production_amount": sum((row["production_amount"] for row in rows), ZERO),
        }
        for group, rows in groups.items()
    ]
