"""The second calculation of each report, found by the name of its mart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import tests.transform.reports
from include.settings import DBT_PROJECT
from tests.transform.equality.keys import KEYS, SNAPSHOTS
from tests.transform.reports.practice import Practice

_DIRECTORY = Path(tests.transform.reports.__file__).parent


def calculated_reports() -> list[str]:
    """Return the reports that are calculated a second time, by the names of their marts."""
    return sorted(path.stem for path in _DIRECTORY.glob("*.py") if path.stem in KEYS)


def compared_marts() -> list[str]:
    """Return the marts that exist and whose report is calculated a second time."""
    models = {path.stem for path in (DBT_PROJECT / "models" / "marts").rglob("*.sql")}
    return [report for report in calculated_reports() if report in models]


def calculate(mart: str, practice: Practice, *, as_of: date) -> Sequence[Mapping[str, Any]]:
    """Return the rows that a mart must hold; of one with snapshots, those of one day."""
    module = import_module(f"{tests.transform.reports.__name__}.{mart}")
    days = {"as_of": as_of} if mart in SNAPSHOTS else {}
    rows: Sequence[Mapping[str, Any]] = module.calculate(practice, **days)
    return rows
