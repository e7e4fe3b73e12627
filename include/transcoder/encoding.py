"""Encode cells of the binary protocol as fields of PostgreSQL's binary COPY, in plain Python.

core.c makes the same bytes. Four substitutions are made and counted per column: a zero date becomes
NULL, an impossible date becomes NULL, U+0000 is removed from text, and each byte of a text that is
no part of a UTF-8 character becomes a question mark. Every other value is kept exactly or raises
UnfitError.
"""

from __future__ import annotations

import calendar
import codecs
import re
import struct
from collections.abc import Callable
from datetime import date

from include.transcoder.layout import Field, Kind
from include.transcoder.rows import RULES, Unfit

NULL_FIELD = b"\xff\xff\xff\xff"
# PostgreSQL's limit of one value, in bytes.
TEXT_LIMIT = 0x3FFFFFFF
# In characters; 65 digits, a sign and a point are the most that a decimal has.
DECIMAL_LIMIT = 80
# The source's times end at 838:59:59.
TIME_HOURS = 838

_ZERO_DATE, _IMPOSSIBLE_DATE, _NUL_CHARACTER, _INVALID_TEXT = range(len(RULES))
_QUESTION_MARKS = "dental_question_marks"
_POSTGRES_EPOCH = date(2000, 1, 1).toordinal()
_MOMENT_SIZES = (0, 4, 7, 11)
_MICROSECONDS_PER_DAY = 86_400_000_000
_DECIMAL = re.compile(rb"(-?)(\d*)(?:\.(\d*))?", re.ASCII)
_NUMERIC_NEGATIVE = 0x4000
_INTEGER_FORMATS = {2: ">ih", 4: ">ii", 8: ">iq"}
_SIGNED = (Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64)
_UNSIGNED = (Kind.UINT8, Kind.UINT16, Kind.UINT32, Kind.UINT64)

CountRule = Callable[[int], None]


class UnfitError(Exception):
    """A cell that is malformed, or that its type in the warehouse cannot hold."""

    def __init__(self, unfit: Unfit) -> None:
        super().__init__(unfit)
        self.unfit = unfit


def encode(cell: bytes, field: Field, count: CountRule) -> bytes:
    """Return a cell as a field with its length.

    `count` is called with the position in RULES of a rule that is applied. Raises UnfitError for a
    cell that is malformed or that its type in the warehouse cannot hold.
    """
    kind = field.kind
    if kind in _SIGNED or kind in _UNSIGNED:
        return _integer(int.from_bytes(cell, "little", signed=kind in _SIGNED), field.parameter)
    if kind in (Kind.FLOAT, Kind.DOUBLE):
        return _sized(cell[::-1])
    if kind is Kind.DECIMAL:
        return _decimal(cell, field.parameter)
    if kind is Kind.BITS:
        return _bits(cell, field.parameter)
    if kind in (Kind.DATE, Kind.DATETIME):
        return _moment(cell, count, is_date=kind is Kind.DATE)
    if kind is Kind.TIME:
        return _time(cell)
    if len(cell) > TEXT_LIMIT:
        raise UnfitError(Unfit.DOES_NOT_FIT)
    return _sized(_text(cell, count) if kind is Kind.TEXT else cell)


def count_rules(cell: bytes, field: Field, count: CountRule) -> None:
    """Call `count` as `encode` does, for a cell that is not written and not checked further."""
    if field.kind is Kind.TEXT:
        _text(cell, count)
    elif field.kind in (Kind.DATE, Kind.DATETIME):
        if len(cell) not in _MOMENT_SIZES:
            raise UnfitError(Unfit.NO_TIME)
        rule = _date_rule(*struct.unpack("<HBB", cell[:4].ljust(4, b"\0")))
        if rule is not None:
            count(rule)


def _text(cell: bytes, count: CountRule) -> bytes:
    try:
        cell.decode()
    except UnicodeDecodeError:
        count(_INVALID_TEXT)
        cell = cell.decode(errors=_QUESTION_MARKS).encode()
    if b"\0" in cell:
        count(_NUL_CHARACTER)
        cell = cell.replace(b"\0", b"")
    return cell


def _question_marks(error: UnicodeError) -> tuple[str, int]:
    """Replace each byte by a question mark; a handler of errors for `bytes.decode`."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "?" * (error.end - error.start), error.end


codecs.register_error(_QUESTION_MARKS, _question_marks)


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _integer(value: int, width: int) -> bytes:
    if width == 0:
        return _numeric(str(abs(value)), "", is_negative=value < 0)
    try:
        return struct.pack(_INTEGER_FORMATS[width], width, value)
    except struct.error:
        raise UnfitError(Unfit.DOES_NOT_FIT) from None


def _decimal(cell: bytes, scale: int) -> bytes:
    match = _DECIMAL.fullmatch(cell)
    if match is None or len(cell) - len(match[1]) > DECIMAL_LIMIT:
        raise UnfitError(Unfit.NO_NUMBER)
    whole, fraction = match[2].decode(), (match[3] or b"").decode()
    if not whole and not fraction:
        raise UnfitError(Unfit.NO_NUMBER)
    if len(fraction) > scale:
        # PostgreSQL would round it.
        raise UnfitError(Unfit.DOES_NOT_FIT)
    return _numeric(whole, fraction, is_negative=bool(match[1]))


def _numeric(whole: str, fraction: str, *, is_negative: bool) -> bytes:
    """Encode digits as groups of four, counted from the point; zero has no groups and no sign."""
    whole = whole.zfill(-(-len(whole) // 4) * 4)
    digits = whole + fraction.ljust(-(-len(fraction) // 4) * 4, "0")
    groups = [int(digits[at : at + 4]) for at in range(0, len(digits), 4)]
    weight = len(whole) // 4 - 1
    while groups and groups[0] == 0:
        del groups[0]
        weight -= 1
    while groups and groups[-1] == 0:
        del groups[-1]
    sign = _NUMERIC_NEGATIVE if is_negative and groups else 0
    head = struct.pack(">hhHH", len(groups), weight if groups else 0, sign, len(fraction))
    return _sized(head + struct.pack(f">{len(groups)}h", *groups))


def _bits(cell: bytes, width: int) -> bytes:
    if not 0 < len(cell) <= 8:
        raise UnfitError(Unfit.NO_NUMBER)
    value = int.from_bytes(cell, "big")
    if value >> width:
        raise UnfitError(Unfit.DOES_NOT_FIT)
    size = (width + 7) // 8
    # PostgreSQL pads on the right.
    return _sized(width.to_bytes(4, "big") + (value << size * 8 - width).to_bytes(size, "big"))


def _moment(cell: bytes, count: CountRule, *, is_date: bool) -> bytes:
    """Encode days or microseconds since 2000-01-01, or NULL for a zero or impossible date."""
    if len(cell) not in _MOMENT_SIZES:
        raise UnfitError(Unfit.NO_TIME)
    year, month, day, hour, minute, second, fraction = struct.unpack(
        "<HBBBBBI", cell.ljust(11, b"\0")
    )
    if hour > 23 or minute > 59 or second > 59 or fraction > 999_999 or year > 9999:
        raise UnfitError(Unfit.NO_TIME)
    time = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    if is_date and time:
        raise UnfitError(Unfit.DOES_NOT_FIT)
    rule = _date_rule(year, month, day)
    if rule is not None:
        count(rule)
        return NULL_FIELD
    days = date(year, month, day).toordinal() - _POSTGRES_EPOCH
    if is_date:
        return struct.pack(">ii", 4, days)
    return struct.pack(">iq", 8, days * _MICROSECONDS_PER_DAY + time)


def _date_rule(year: int, month: int, day: int) -> int | None:
    """Return the rule that turns a date into NULL, or None for a valid date."""
    if (year, month, day) == (0, 0, 0):
        return _ZERO_DATE
    if year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return _IMPOSSIBLE_DATE


def _time(cell: bytes) -> bytes:
    """Encode a time as an interval of microseconds, with zero days and months."""
    if len(cell) not in (0, 8, 12):
        raise UnfitError(Unfit.NO_TIME)
    is_negative, days, hour, minute, second, fraction = struct.unpack(
        "<BIBBBI", cell.ljust(12, b"\0")
    )
    hours = days * 24 + hour
    if is_negative > 1 or hour > 23 or hours > TIME_HOURS:
        raise UnfitError(Unfit.NO_TIME)
    if minute > 59 or second > 59 or fraction > 999_999:
        raise UnfitError(Unfit.NO_TIME)
    value = ((hours * 60 + minute) * 60 + second) * 1_000_000 + fraction
    return struct.pack(">iqii", 16, -value if is_negative else value, 0, 0)
