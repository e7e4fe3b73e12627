"""How many bytes a row takes in PostgreSQL, which keeps the whole of it within one page.

A long value of variable length is moved out of the page; what has a fixed width stays in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Of a page of 8 KB.
ROW_LIMIT_BYTES = 8160
# What every raw row begins with: a header, and a bit for each column; rounded up to _ALIGNMENT.
_HEADER_BYTES = 23
_ALIGNMENT = 8
# Bytes and alignment of `_loaded_at` and `_batch_id`; `_deleted_at` is NULL in a living row.
_BOOKKEEPING = ((8, 8), (8, 8))
_BOOKKEEPING_COLUMNS = 3
_WIDTHS = {
    "smallint": (2, 2),
    "integer": (4, 4),
    "bigint": (8, 8),
    "real": (4, 4),
    "double precision": (8, 8),
    "date": (4, 4),
    "timestamp": (8, 8),
    "timestamptz": (8, 8),
    "interval": (16, 8),
    "uuid": (16, 1),
}
# A value that no page holds may still become NULL: a date that does not exist.
_MAY_BECOME_NULL = ("date", "timestamp", "timestamptz")
_NAMED = 20


@dataclass(frozen=True, slots=True)
class HeldColumn:
    """A column of a raw table, by its name in the source and its type in the warehouse."""

    name: str
    warehouse_type: str
    is_nullable: bool = True


def least_row_bytes(columns: Sequence[HeldColumn]) -> int:
    """Return the bytes that every living row takes at least, whatever its values."""
    bits = len(columns) + _BOOKKEEPING_COLUMNS
    size = _aligned(_HEADER_BYTES + -(-bits // 8), _ALIGNMENT)
    sure = [
        _WIDTHS.get(column.warehouse_type, (1, 1))
        for column in columns
        if not column.is_nullable and column.warehouse_type not in _MAY_BECOME_NULL
    ]
    for width, alignment in (*sure, *_BOOKKEEPING):
        size = _aligned(size, alignment) + width
    return size


def narrowing(columns: Sequence[HeldColumn], *, size: int, limit: int) -> str:
    """Say which columns must be excluded so that rows of `size` bytes fit into `limit`.

    The widest columns of a fixed width are named, as many as it takes. `columns` are those that can
    be excluded, so none of the key.
    """
    fixed = sorted(
        (column for column in columns if column.warehouse_type in _WIDTHS),
        key=lambda column: -_width(column),
    )
    chosen: list[HeldColumn] = []
    rest = size - limit
    for column in fixed:
        if rest <= 0:
            break
        chosen.append(column)
        rest -= _width(column)
    parts = []
    if chosen:
        named = ", ".join(column.name for column in chosen[:_NAMED])
        more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
        parts.append(f"the {len(chosen)} widest of a fixed width ({named}{more})")
    others = len(columns) - len(fixed)
    if rest > 0 and others:
        each = max(1, (size - sum(map(_width, fixed))) // others)
        parts.append(
            f"about {min(others, -(-rest // each))} of the {others} of variable length, which take "
            f"{each} bytes each on average"
        )
    return (
        "Exclude columns in overrides.yml that nobody needs; enough would be "
        f"{' and '.join(parts)}."
    )


def _width(column: HeldColumn) -> int:
    return _WIDTHS[column.warehouse_type][0]


def _aligned(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
