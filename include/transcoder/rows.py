"""Rows of the binary protocol in a buffer, their cells, and the results of the cores.

A row's payload is a zero byte, a bitmap of its NULLs (from bit 2 on) and the values one after
another without padding.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from include.transcoder.layout import Kind, RowLayout

Numbers: TypeAlias = "ctypes.Array[ctypes.c_uint64]"

# The substitutions, in the order of a column's counts.
RULES = ("zero_date", "impossible_date", "nul_character", "invalid_text")


class RowTable:
    """The positions of complete row payloads in a buffer: `count` of at most `capacity` rows."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("a row table needs room for a row")
        self.capacity = capacity
        self.starts: Numbers = (ctypes.c_uint64 * capacity)()
        self.lengths: Numbers = (ctypes.c_uint64 * capacity)()
        self.count = 0

    def reset(self) -> None:
        """Forget all rows."""
        self.count = 0

    @property
    def byte_count(self) -> int:
        """The payload bytes of all rows."""
        return sum(self.lengths[: self.count])


class ScanStatus(IntEnum):
    """Why a scan ended; the numbers are those of core.c."""

    MORE = 0
    END = 1
    ERROR = 2
    FULL = 3
    DISORDER = 4


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Where to continue the scan, how much of the buffer is filled now, and why the scan ended.

    At END, ERROR and DISORDER `position` is the header of that packet; `number` is what the packet
    at `position` must be numbered.
    """

    position: int
    filled: int
    status: ScanStatus
    number: int


@dataclass(frozen=True, slots=True)
class Transcoded:
    """The index of the first row that was not transcoded, and the bytes that were written."""

    rows: int
    size: int


class Unfit(IntEnum):
    """What is wrong with a row; the numbers are those of core.c."""

    NO_ROW = 1
    OUT_OF_ROW = 2
    LEFT_OVER = 3
    NO_TIME = 4
    NO_NUMBER = 5
    DOES_NOT_FIT = 6


_WHAT = {
    Unfit.NO_ROW: "no row of the binary protocol",
    Unfit.OUT_OF_ROW: "a value that leads out of its row",
    Unfit.LEFT_OVER: "bytes behind the last value",
    Unfit.NO_TIME: "no date or time",
    Unfit.NO_NUMBER: "no number",
    Unfit.DOES_NOT_FIT: "a value beyond the range of its type in the warehouse",
}


class UnfitRow(Exception):  # noqa: N818 - named after the row that it describes
    """A row that is malformed or not representable; `what` continues "holds ...".

    `row` is its index, `column` the index of the cell, or -1 for the row as a whole.
    """

    def __init__(self, row: int, column: int, what: str) -> None:
        super().__init__(row, column, what)
        self.row = row
        self.column = column
        self.what = what

    def __str__(self) -> str:
        place = "" if self.column < 0 else f", column {self.column}"
        return f"row {self.row}{place} holds {self.what}"

    @property
    def is_malformed(self) -> bool:
        """Whether no server that keeps to the protocol sends such a row."""
        return self.what != _WHAT[Unfit.DOES_NOT_FIT]

    @classmethod
    def of(cls, row: int, column: int, unfit: int) -> UnfitRow:
        """Return the error for a number of `Unfit`."""
        return cls(row, column, _WHAT[Unfit(unfit)])


class OutputTooSmall(Exception):  # noqa: N818 - named after the output that it describes
    """The output may be too small for one tuple; `needed` bytes are enough."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed

    def __str__(self) -> str:
        return f"a tuple may need {self.needed} bytes"


class UnfitCellError(Exception):
    """Raised while the cells of one row are read; the caller turns it into an UnfitRow."""

    def __init__(self, column: int, unfit: Unfit) -> None:
        super().__init__(column, unfit)
        self.column = column
        self.unfit = unfit


_FIXED_WIDTHS = {
    Kind.INT8: 1,
    Kind.UINT8: 1,
    Kind.INT16: 2,
    Kind.UINT16: 2,
    Kind.INT32: 4,
    Kind.UINT32: 4,
    Kind.INT64: 8,
    Kind.UINT64: 8,
    Kind.FLOAT: 4,
    Kind.DOUBLE: 8,
}
_TEMPORAL = (Kind.DATE, Kind.DATETIME, Kind.TIME)
_LENGTH_BYTES = {0xFC: 2, 0xFD: 3, 0xFE: 8}


def cells(payload: bytes | memoryview, layout: RowLayout) -> Iterator[bytes | None]:
    """Yield the bytes of each cell up to `layout.walked_count`, without a length; None is NULL.

    Raises UnfitCellError at the first cell where the payload does not match the layout.
    """
    header = 1 + (len(layout.fields) + 9) // 8
    if len(payload) < header or payload[0] != 0:
        raise UnfitCellError(-1, Unfit.NO_ROW)
    nulls = int.from_bytes(payload[1:header], "little") >> 2
    position = header
    for column, field in enumerate(layout.fields[: layout.walked_count]):
        if nulls >> column & 1:
            yield None
            continue
        width = _FIXED_WIDTHS.get(field.kind)
        if width is None:
            width, position = _length(payload, position, column, field.kind)
        if width > len(payload) - position:
            raise UnfitCellError(column, Unfit.OUT_OF_ROW)
        yield bytes(payload[position : position + width])
        position += width
    if position != len(payload) and layout.walked_count == len(layout.fields):
        raise UnfitCellError(-1, Unfit.LEFT_OVER)


def split_row(payload: bytes | memoryview, layout: RowLayout) -> list[bytes | None]:
    """Return the bytes of each cell up to `layout.walked_count`, without a length; None is NULL.

    Raises UnfitRow, with the row 0, for a payload that does not match the layout.
    """
    try:
        return list(cells(payload, layout))
    except UnfitCellError as error:
        raise UnfitRow.of(0, error.column, error.unfit) from None


def _length(payload: bytes | memoryview, position: int, column: int, kind: Kind) -> tuple[int, int]:
    """Return the length that precedes a value, and the position of the value."""
    if position < len(payload):
        first = payload[position]
        if kind in _TEMPORAL or first < 0xFB:
            return first, position + 1
        end = position + 1 + _LENGTH_BYTES.get(first, len(payload))
        if end <= len(payload):
            return int.from_bytes(payload[position + 1 : end], "little"), end
    raise UnfitCellError(column, Unfit.OUT_OF_ROW)


def check_scan(buffer: bytearray, position: int, filled: int) -> None:
    """Raise ValueError when the bounds are not those of the buffer."""
    if not 0 <= position <= filled <= len(buffer):
        raise ValueError("the buffer is shorter than what is to be scanned")


def check_hash(rows: RowTable, out: Numbers) -> None:
    """Raise ValueError when there is no room for the hashes."""
    if len(out) < rows.count:
        raise ValueError("there are more rows than room for hashes")


def check_transcode(
    rows: RowTable, first: int, layout: RowLayout, emit: bytearray | None, *, counts: Numbers
) -> None:
    """Raise ValueError when the sizes of the arrays do not agree."""
    if not 0 <= first <= rows.count:
        raise ValueError("there is no such first row")
    if emit is not None and len(emit) < rows.count:
        raise ValueError("there are more rows than flags")
    if len(counts) < len(layout.fields) * len(RULES):
        raise ValueError("there are more columns than counts")
