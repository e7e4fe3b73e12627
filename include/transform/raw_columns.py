"""The columns of `raw` that the staging models read, as a practice of the documented release has.

One that lags behind lacks some: its views hold nulls in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from include.open_dental import schema
from include.open_dental.protection import excluded_table, protect
from include.source.structure import ColumnStructure
from include.source.warehouse_types import warehouse_type


@cache
def staged_columns() -> Mapping[str, Mapping[str, str]]:
    """Return the type in raw of every column that may leave the source, by its raw table."""
    return {
        name.lower(): {
            column.name.lower(): warehouse_type(
                ColumnStructure(
                    name, column.name, column.type, column.data_type, column.is_nullable
                )
            )
            for column in table.columns
            if not protect(name, column.name, column.data_type).is_excluded
        }
        for name, table in schema.tables().items()
        if excluded_table(name) is None
    }
