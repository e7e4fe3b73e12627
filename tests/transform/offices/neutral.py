"""The values of a column that nobody filled in, by its type in the source."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from include.open_dental.schema import Column, tables
from include.open_dental.values import BLANK, BLANK_COLUMNS
from tests.transform.reports.practice import EMPTY, EMPTY_MOMENT

_BY_TYPE: Mapping[str, Any] = {
    "date": EMPTY,
    "datetime": EMPTY_MOMENT,
    "double": Decimal(0),
    "float": Decimal(0),
    "time": timedelta(0),
    # The server keeps these by itself, and they can hold no empty date.
    "timestamp": datetime(2024, 1, 2, 12),  # noqa: DTZ001 - office-local, as all moments here
    "longblob": b"",
}


@cache
def neutral_row(table: str) -> Mapping[str, Any]:
    """Return a row of a table in which nothing is filled in: empty dates, 0, -1 for blank."""
    return MappingProxyType({c.name: _neutral(table, c) for c in tables()[table].columns})


def _neutral(table: str, column: Column) -> Any:
    value = _BY_TYPE.get(column.data_type, 0 if column.data_type.endswith("int") else "")
    if f"{table}.{column.name}" in BLANK_COLUMNS:
        return type(value)(BLANK)
    return value
