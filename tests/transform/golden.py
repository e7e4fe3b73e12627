"""Golden ledgers: small practices, worked by hand, and what one report says of each.

A file of `golden/` holds one scenario, and its comments work the figures out:

    today: 2024-03-15
    tables:                    # only the columns that matter; all others are empty, 0 or blank
      procedurelog:
        - {ProcNum: 1, ProcStatus: 2, ProcFee: 100}
    report: od_production_income
    as_of: 2024-03-01          # where the report is of a day
    where: {report_name: daily}    # which of the report's rows are compared; all if left out
    expect:                    # these rows, in any order, by the columns that the first one names
      - {business_on: null, production_amount: 100}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from include.open_dental import schema
from include.open_dental.values import BLANK, BLANK_COLUMNS
from tests.transform.reports.practice import EMPTY, EMPTY_MOMENT, Practice, Row

DIRECTORY = Path(__file__).with_name("golden")
# Columns that are neither empty nor blank unless a ledger says so: a procedure has one unit.
USUAL = {"procedurelog.UnitQty": 1}
WHOLE = frozenset({"bigint", "int", "smallint", "tinyint"})


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    today: date
    tables: dict[str, list[dict[str, Any]]]
    report: str
    as_of: date | None = None
    where: dict[str, Any] = {}
    expect: list[dict[str, Any]]


@dataclass(frozen=True)
class Ledger:
    """A scenario: the practice, the report that it is about, and the rows expected of that."""

    practice: Practice
    report: str
    as_of: date | None
    where: Mapping[str, Any]
    expected: Sequence[Row]

    def differences(self, rows: Iterable[Row]) -> list[str]:
        """Return what is missing and what is too much in the rows of the report, one text each."""
        columns = list(self.expected[0]) if self.expected else []
        chosen = [row for row in rows if _canonical(row, self.where) == _canonical(self.where)]
        found = Counter(str(_canonical(row, columns or row)) for row in chosen)
        expected = Counter(str(_canonical(row, columns)) for row in self.expected)
        missing = sorted(f"missing: {row}" for row in (expected - found).elements())
        return missing + sorted(f"not expected: {row}" for row in (found - expected).elements())


def ledgers() -> Mapping[str, Path]:
    """Return the files of all scenarios by name."""
    return {path.stem: path for path in sorted(DIRECTORY.glob("*.yml"))}


def read(path: Path) -> Ledger:
    """Read a scenario; names that the schema does not have and values of other types are errors."""
    document = _Document.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    if any(row.keys() != document.expect[0].keys() for row in document.expect):
        raise ValueError(f"{path.name}: the expected rows do not name the same columns")
    tables = {name: _rows(name, rows) for name, rows in document.tables.items()}
    practice = Practice(tables, document.today)
    return Ledger(practice, document.report, document.as_of, document.where, document.expect)


def _rows(name: str, given: Sequence[Mapping[str, Any]]) -> Sequence[Row]:
    """Return rows with all columns of their table; the key of one without is its number."""
    table = schema.tables().get(name)
    if table is None:
        raise ValueError(f"there is no table {name}")
    rows = [_row(table, {table.key: number, **row}) for number, row in enumerate(given, start=1)]
    if len({row[table.key] for row in rows}) < len(rows):
        raise ValueError(f"{name} has two rows of one key")
    return rows


def _row(table: schema.Table, given: Mapping[str, Any]) -> Row:
    unknown = given.keys() - {column.name for column in table.columns}
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    return {
        column.name: _value(column.data_type, given[column.name])
        if column.name in given
        else _neutral(f"{table.name}.{column.name}", column)
        for column in table.columns
    }


def _neutral(name: str, column: schema.Column) -> Any:
    if name in BLANK_COLUMNS:
        return _value(column.data_type, BLANK)
    if name in USUAL:
        return USUAL[name]
    if column.data_type in WHOLE:
        return 0
    neutral = {
        "double": Decimal(0),
        "float": 0.0,
        "date": EMPTY,
        "datetime": EMPTY_MOMENT,
        "timestamp": EMPTY_MOMENT,
        "time": timedelta(0),
    }
    return neutral.get(column.data_type, "")


def _value(data_type: str, value: Any) -> Any:
    """Return a value of a document as a practice holds it."""
    if isinstance(value, bool):
        raise ValueError(f"{value} is no value of a {data_type}: quote it, or write 0 or 1")
    if data_type == "double":
        return Decimal(str(value))
    if data_type in ("datetime", "timestamp") and type(value) is date:
        return datetime.combine(value, time.min)
    if data_type == "time":
        moment = time.fromisoformat(value)
        return datetime.combine(EMPTY, moment) - EMPTY_MOMENT
    if data_type in (*WHOLE, "float", "date", "datetime", "timestamp"):
        wanted = {"float": float, "date": date, "datetime": datetime, "timestamp": datetime}
        if type(value) is not wanted.get(data_type, int):
            raise ValueError(f"{value!r} is no value of a {data_type}")
        return value
    return str(value)


def _canonical(row: Row, columns: Iterable[str] | None = None) -> dict[str, Any]:
    """Return columns of a row in a form in which equal values are the same text."""
    return {name: _plain(row[name]) for name in (row if columns is None else columns)}


def _plain(value: Any) -> Any:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return format(Decimal(str(value)).normalize() + 0, "f")
    return str(value) if isinstance(value, date) else value
