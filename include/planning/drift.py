"""What stands against loading a table today, and how its config has followed the source.

Both are pure comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from include.catalog.document import NOT_HELD
from include.catalog.model import ColumnConfig, TableConfig
from include.source.rights import MissingRight
from include.source.structure import TableStructure

_INTEGERS = ("smallint", "integer", "bigint")
_INTEGER_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_KEPT = "The rows of the last good load are intact, and marts that read the table keep theirs."


def find_hindrance(
    table: TableConfig, live: TableStructure | None, *, refused: MissingRight | None = None
) -> str | None:
    """Return why the live table must not be loaded with this config, None if nothing is known.

    `live` is None if the source lists no such table, and `refused` is the right that is missing if
    it refuses the account the table. A table that the server cannot open or read at present is not
    held up: its load says what is wrong.
    """
    if live is None:
        if refused:
            return _without(refused)
        return (
            f"the source no longer has this table. {_KEPT} Restore it, and the next refresh takes "
            "it back; if it was renamed or dropped on purpose, exclude it in overrides.yml."
        )
    wanted = (column.name for column in table.replicated_columns)
    missing = live.missing_right(wanted) if live.is_open else None
    return _without(missing) if missing else None


def describe_changes(before: TableConfig, after: TableConfig) -> tuple[str, ...]:
    """Say for people what one config of a table has that the one before it had not."""
    known = {column.raw_name: column for column in before.columns if not column.is_retired}
    changes: list[str] = []
    for column in after.columns:
        old = known.get(column.raw_name)
        if old is None and not column.is_retired:
            what = "left out: it holds credentials" if column.is_excluded else "added"
            if column.warehouse_type == NOT_HELD:
                what = "left out, as overrides.yml says"
            changes.append(f"column {column.name} ({column.source_type}) was {what}")
        elif old is not None and column.is_retired:
            changes.append(f"column {column.name} is gone from the source; it stays, NULL")
        elif old is not None and not column.is_excluded:
            changes += _other_type(old, column)
    return tuple(changes)


def is_wider(old: str, new: str) -> bool:
    """Whether the warehouse type `new` holds every value of `old` unchanged."""
    if old in _INTEGERS:
        if new in _INTEGERS:
            return _INTEGERS.index(new) > _INTEGERS.index(old)
        if new == "double precision":
            return old != "bigint"
        wide = _NUMERIC.fullmatch(new)
        return wide is not None and int(wide[1]) - int(wide[2]) >= _INTEGER_DIGITS[old]
    narrow, wide = _NUMERIC.fullmatch(old), _NUMERIC.fullmatch(new)
    if narrow is not None and wide is not None:
        (p, s), (wide_p, wide_s) = map(int, narrow.groups()), map(int, wide.groups())
        return (wide_p, wide_s) != (p, s) and wide_s >= s and wide_p - wide_s >= p - s
    return (old, new) in (("real", "double precision"), ("date", "timestamp"))


def _other_type(before: ColumnConfig, after: ColumnConfig) -> Iterator[str]:
    old, new = before.warehouse_type, after.warehouse_type
    if is_wider(old, new):
        yield f"column {after.name} was widened from {old} to {new}"
    elif old != new:
        yield f"column {after.name} was {before.source_type} and is {after.source_type} now"


def _without(missing: MissingRight) -> str:
    return f"{missing.seen}. {_KEPT} {missing.advice}"
