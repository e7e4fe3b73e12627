"""How each cell of a row becomes a field of a COPY tuple, decided once per read of a table.

The type that the server announces and the column's type in the warehouse decide. When the two do
not match, the source was altered since discovery, and the table is refused.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from include.catalog.model import ColumnConfig, TableConfig
from include.errors import StructureError
from include.transcoder.wire import BINARY_CHARACTER_SET, WireColumn, WireType


class Kind(IntEnum):
    """How a cell is encoded in the binary protocol; the numbers are those of `enum kind` in core.c.

    `Field.parameter` is, for integers, the bytes of PostgreSQL's integer (0: numeric); for DECIMAL
    the digits after the point; for BITS the number of bits; else 0.
    """

    INT8 = 1
    UINT8 = 2
    INT16 = 3
    UINT16 = 4
    INT32 = 5
    UINT32 = 6
    INT64 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    DECIMAL = 11
    BITS = 12
    DATE = 13
    DATETIME = 14
    TIME = 15
    TEXT = 16
    BYTES = 17


_PARAMETERS: dict[Kind, Collection[int]] = {
    **dict.fromkeys((kind for kind in Kind if kind <= Kind.UINT64), (0, 2, 4, 8)),
    Kind.DECIMAL: range(100),
    Kind.BITS: range(1, 65),
}
# A field is longer than its cell by less than this: 18446744073709551615 has 8 bytes as a cell and
# 22 as a numeric field.
FIELD_OVERHEAD = 24
_FIELD_COUNT_BYTES = 2
_PACKED_FIELD = struct.Struct("=BBxxi")


@dataclass(frozen=True, slots=True)
class Field:
    """How one column of a result is read; a column that is not emitted is skipped."""

    kind: Kind
    parameter: int
    is_emitted: bool

    def __post_init__(self) -> None:
        if self.parameter not in _PARAMETERS.get(self.kind, (0,)):
            raise ValueError(f"{self.kind.name} has no parameter {self.parameter}")


@dataclass(frozen=True, slots=True)
class RowLayout:
    """The columns of a result in their order, and the fields that are appended to each tuple.

    `suffix` holds `suffix_count` encoded fields (int32 length, then the value). Columns from
    `walked_count` on are not read. `packed` is the form of `fields` for the compiled core;
    `overhead` is the most bytes by which a tuple can be longer than its row.
    """

    fields: tuple[Field, ...]
    suffix: bytes = b""
    suffix_count: int = 0
    walked_count: int = -1
    packed: bytes = field(init=False, repr=False, compare=False)
    field_count: int = field(init=False)
    overhead: int = field(init=False)

    def __post_init__(self) -> None:
        emitted = sum(field.is_emitted for field in self.fields)
        packed = b"".join(
            _PACKED_FIELD.pack(field.kind, field.is_emitted, field.parameter)
            for field in self.fields
        )
        if self.walked_count < 0:
            object.__setattr__(self, "walked_count", len(self.fields))
        object.__setattr__(self, "packed", packed)
        object.__setattr__(self, "field_count", emitted + self.suffix_count)
        object.__setattr__(
            self, "overhead", _FIELD_COUNT_BYTES + FIELD_OVERHEAD * emitted + len(self.suffix)
        )

    def only(self, positions: Collection[int]) -> RowLayout:
        """Return the layout that writes only the columns at these positions, without a suffix.

        Columns after the last of these are not checked. It is meant for the keys of rows that are
        also transcoded as a whole.
        """
        fields = tuple(
            replace(field, is_emitted=position in positions)
            for position, field in enumerate(self.fields)
        )
        return RowLayout(fields, walked_count=max(positions, default=-1) + 1)

    def with_suffix(self, suffix: bytes, count: int) -> RowLayout:
        """Return the layout that appends these `count` encoded fields to each tuple."""
        return RowLayout(self.fields, suffix, count)


_INTEGERS = {
    WireType.TINY: (Kind.INT8, Kind.UINT8),
    WireType.SHORT: (Kind.INT16, Kind.UINT16),
    WireType.YEAR: (Kind.INT16, Kind.UINT16),
    WireType.INT24: (Kind.INT32, Kind.UINT32),
    WireType.LONG: (Kind.INT32, Kind.UINT32),
    WireType.LONGLONG: (Kind.INT64, Kind.UINT64),
}
# Bits of the largest value: a year is at most 2155; a mediumint is sent in 32 bits but has 24.
_VALUE_BITS = {
    WireType.TINY: 8,
    WireType.YEAR: 12,
    WireType.SHORT: 16,
    WireType.INT24: 24,
    WireType.LONG: 32,
    WireType.LONGLONG: 64,
}
_INTEGER_BYTES = {"smallint": 2, "integer": 4, "bigint": 8}
# Holds a bigint unsigned.
_WHOLE_NUMERIC = "numeric(20,0)"
_PLAIN = {
    ("real", WireType.FLOAT): Kind.FLOAT,
    ("double precision", WireType.DOUBLE): Kind.DOUBLE,
    ("date", WireType.DATE): Kind.DATE,
    ("date", WireType.NEWDATE): Kind.DATE,
    ("timestamp", WireType.DATETIME): Kind.DATETIME,
    ("timestamptz", WireType.TIMESTAMP): Kind.DATETIME,
    ("interval", WireType.TIME): Kind.TIME,
}
_STRINGS = {
    WireType.VARCHAR,
    WireType.ENUM,
    WireType.SET,
    WireType.TINY_BLOB,
    WireType.MEDIUM_BLOB,
    WireType.LONG_BLOB,
    WireType.BLOB,
    WireType.VAR_STRING,
    WireType.STRING,
}
# Sent as the bytes of PostgreSQL's own form (see include.source.pages), of these lengths.
_READY = {"uuid": (16,), "inet": (8, 20)}
_NUMBERS_IN_TYPE = re.compile(r"\d+")
_ADVICE = (
    "Nothing was loaded; the rows of the last good load are intact. The next refresh follows "
    "what has changed."
)


def plan_layout(
    table: TableConfig, columns: Sequence[WireColumn], *, raw_texts: Collection[str] = ()
) -> RowLayout:
    """Pair each column of a result with the config's, in order; every field is emitted.

    `raw_texts` are columns of text that are read as bytes, because the server would change them.

    Raises StructureError, naming the column, what the config says and what the server sends, when
    the two do not belong together.
    """
    configured = table.replicated_columns
    if [column.name for column in configured] != [column.name for column in columns]:
        raise StructureError(_name_difference(configured, columns), where=f"table {table.name}")
    hidden = {cell.column for cell in table.excluded_cells}
    return RowLayout(
        tuple(
            _plan_field(
                table,
                column,
                sent,
                is_hidden=column.name in hidden,
                is_raw=column.name in raw_texts,
            )
            for column, sent in zip(configured, columns, strict=True)
        )
    )


def _name_difference(configured: Sequence[ColumnConfig], columns: Sequence[WireColumn]) -> str:
    expected, sent = [c.name for c in configured], [c.name for c in columns]
    for position, (one, other) in enumerate(zip(expected, sent, strict=False)):
        if one != other:
            return (
                f"the config's column {position + 1} is {one}, the server sends {other}. {_ADVICE}"
            )
    return f"the config has {len(expected)} columns, the server sends {len(sent)}. {_ADVICE}"


def _plan_field(
    table: TableConfig, column: ColumnConfig, sent: WireColumn, *, is_hidden: bool, is_raw: bool
) -> Field:
    where = f"{table.name}.{column.name}"
    if is_hidden and column.warehouse_type.startswith("bit"):
        # MariaDB announces if(..., null, <bit>) as bits, and sends decimal text.
        raise StructureError(
            "is a bit column of which single cells are excluded; the source does not send those "
            "as bits. Nothing was loaded; the rows of the last good load are intact. Exclude the "
            "whole column in overrides.yml.",
            where=where,
        )
    planned = _field(column.warehouse_type, sent, is_hidden=is_hidden, is_raw=is_raw)
    if planned is None:
        raise StructureError(
            f"the config says {column.source_type}, held as {column.warehouse_type}, and the "
            f"server sends {_describe(sent)}, which does not fit. {_ADVICE}",
            where=where,
        )
    return planned


def _field(warehouse_type: str, sent: WireColumn, *, is_hidden: bool, is_raw: bool) -> Field | None:
    """Return how the cell is read, or None when the config's type does not fit what is sent."""
    code = _wire_type(sent)
    if code in _INTEGERS:
        return _integer_field(warehouse_type, sent, code, is_hidden=is_hidden)
    base = warehouse_type.partition("(")[0]
    sizes = [int(number) for number in _NUMBERS_IN_TYPE.findall(warehouse_type)]
    if base == "numeric" and code in (WireType.DECIMAL, WireType.NEWDECIMAL):
        # PostgreSQL would round silently.
        return Field(Kind.DECIMAL, sizes[1], True) if sent.decimals <= sizes[1] else None
    if base == "bit" and code is WireType.BIT:
        return Field(Kind.BITS, sizes[0], True) if sent.length <= sizes[0] else None
    if base == "text" and code is WireType.JSON:
        return Field(Kind.TEXT, 0, True)
    if base in ("text", "bytea") and code in _STRINGS:
        is_binary = sent.character_set == BINARY_CHARACTER_SET
        if is_binary != (base == "bytea" or is_raw):
            return None
        return Field(Kind.BYTES if base == "bytea" else Kind.TEXT, 0, True)
    if base in _READY and code in _STRINGS and sent.character_set == BINARY_CHARACTER_SET:
        return Field(Kind.BYTES, 0, True) if sent.length in _READY[base] else None
    if base == "timestamptz" and code is WireType.DATETIME and is_hidden:
        # The session's time zone is UTC, so the expression's datetime is the column's timestamp.
        return Field(Kind.DATETIME, 0, True)
    kind = _PLAIN.get((base, code))
    return None if kind is None else Field(kind, 0, True)


def _integer_field(
    warehouse_type: str, sent: WireColumn, code: WireType, *, is_hidden: bool
) -> Field | None:
    kind = _INTEGERS[code][sent.is_unsigned]
    if warehouse_type == _WHOLE_NUMERIC:
        return Field(kind, 0, True) if sent.is_unsigned or is_hidden else None
    width = _INTEGER_BYTES.get(warehouse_type)
    if width is None:
        return None
    # A column with excluded cells is read through an expression, whose type can be wider than the
    # column's; each value is then checked against the range.
    fits = _VALUE_BITS[code] + sent.is_unsigned <= 8 * width
    return Field(kind, width, True) if fits or is_hidden else None


def _wire_type(sent: WireColumn) -> WireType:
    try:
        return WireType(sent.type_code)
    except ValueError:
        # An unknown type is refused, as NULL is.
        return WireType.NULL


def _describe(sent: WireColumn) -> str:
    code = _wire_type(sent)
    name = str(sent.type_code) if code is WireType.NULL else code.name
    sign = " unsigned" if sent.is_unsigned else ""
    text = "" if sent.character_set == BINARY_CHARACTER_SET else ", text"
    return f"{name}{sign} (length {sent.length}, decimals {sent.decimals}{text})"
