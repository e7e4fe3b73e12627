"""Wire rows made from typed values: what a server would send for every type that is replicated."""

from __future__ import annotations

import ctypes
import datetime as dt
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from include.catalog.model import ColumnConfig, TableConfig, Tier
from include.transcoder.core import RULES, Core, Numbers, OutputTooSmall, RowTable
from include.transcoder.layout import RowLayout, plan_layout
from include.transcoder.wire import BINARY_CHARACTER_SET, WireColumn, WireType

UTF8MB4 = 45


@dataclass(frozen=True, slots=True)
class Value:
    """A value's bytes on the wire, what the warehouse must hold, and the rule that changed it."""

    wire: bytes
    expected: object
    rule: str | None = None


NULL = Value(b"", None)


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """One declared type: what the server says of it, how it is held, and its values."""

    source_type: str
    warehouse_type: str
    code: WireType
    values: SearchStrategy[Value]
    is_unsigned: bool = False
    character_set: int = BINARY_CHARACTER_SET
    length: int = 20
    decimals: int = 0

    def sent(self, name: str) -> WireColumn:
        return WireColumn(
            name=name,
            type_code=self.code,
            is_unsigned=self.is_unsigned,
            character_set=self.character_set,
            length=self.length,
            decimals=self.decimals,
        )


def sized(content: bytes) -> bytes:
    """A length-encoded string."""
    size = len(content)
    if size < 0xFB:
        return bytes([size]) + content
    for mark, width in ((0xFC, 2), (0xFD, 3), (0xFE, 8)):
        if size < 1 << 8 * width:
            return bytes([mark]) + size.to_bytes(width, "little") + content
    raise ValueError(size)


def row(values: Sequence[Value]) -> bytes:
    """The payload of a row packet."""
    nulls = sum(1 << at + 2 for at, value in enumerate(values) if value is NULL)
    bitmap = nulls.to_bytes((len(values) + 9) // 8, "little")
    return b"\0" + bitmap + b"".join(value.wire for value in values)


def table_of(payloads: Sequence[bytes]) -> tuple[bytearray, RowTable]:
    """Payloads as they stand in a buffer once a scan has found them."""
    buffer, rows = bytearray(), RowTable(max(1, len(payloads)))
    for payload in payloads:
        buffer += b"\0\0\0\0"
        rows.starts[rows.count] = len(buffer)
        rows.lengths[rows.count] = len(payload)
        rows.count += 1
        buffer += payload
    return buffer, rows


def counts_for(layout: RowLayout) -> Numbers:
    return (ctypes.c_uint64 * (len(RULES) * len(layout.fields)))()


def config(*columns: tuple[str, ColumnKind], key: tuple[str, ...] = ()) -> TableConfig:
    return TableConfig(
        name="Sample",
        key=key,
        columns=tuple(
            ColumnConfig(name, kind.source_type, kind.warehouse_type) for name, kind in columns
        ),
        tier=Tier.CRITICAL,
        chunk_rows=1000,
        expected_minutes=1,
        sla_minutes=1,
        quality_threshold=1,
        is_alerting=False,
        fingerprint="",
    )


def integers(width: int, *, is_signed: bool) -> SearchStrategy[Value]:
    low = -(1 << 8 * width - 1) if is_signed else 0
    numbers = st.integers(low, low + (1 << 8 * width) - 1) | st.sampled_from([0, 1, low])
    return numbers.map(
        lambda number: Value(number.to_bytes(width, "little", signed=is_signed), number)
    )


def medium_integers(low: int, high: int) -> SearchStrategy[Value]:
    return st.integers(low, high).map(lambda number: Value(struct.pack("<i", number), number))


def floats(width: int) -> SearchStrategy[Value]:
    mark = {32: "<f", 64: "<d"}[width]
    return st.floats(width=32 if width == 32 else 64, allow_nan=False, allow_infinity=False).map(
        lambda number: Value(struct.pack(mark, number), number)
    )


@st.composite
def decimals(draw: st.DrawFn, precision: int, scale: int) -> Value:
    """Decimals, some padded with zeros as zerofill sends them, some with a negative zero."""
    digits = draw(st.integers(0, 10 ** draw(st.integers(0, precision)) - 1))
    text = str(digits).zfill(scale + 1)
    if draw(st.booleans()):
        text = text.zfill(precision)
    whole, fraction = text[: len(text) - scale], text[len(text) - scale :]
    sign = draw(st.sampled_from(["", "-"]))
    written = sign + whole + ("." + fraction if scale else "")
    expected = Decimal(written) if digits else Decimal(written.lstrip("-"))
    return Value(sized(written.encode()), expected)


def bits(width: int) -> SearchStrategy[Value]:
    return st.integers(0, (1 << width) - 1).map(
        lambda number: Value(sized(number.to_bytes((width + 7) // 8, "big")), f"{number:0{width}b}")
    )


def _moment_bytes(moment: dt.datetime | dt.date) -> bytes:
    """As servers do: what is zero at the end is left out."""
    day = struct.pack("<HBB", moment.year, moment.month, moment.day)
    if not isinstance(moment, dt.datetime) or moment.time() == dt.time():
        return day
    day += bytes([moment.hour, moment.minute, moment.second])
    return day + (struct.pack("<I", moment.microsecond) if moment.microsecond else b"")


ZERO_DATES = st.just(Value(b"\0", None, "zero_date")) | st.just(
    Value(sized(bytes(4)), None, "zero_date")
)
IMPOSSIBLE_DATES = st.sampled_from(
    [(2020, 2, 30), (2019, 0, 0), (2019, 0, 1), (2019, 1, 0), (0, 1, 1), (1900, 2, 29), (9, 4, 31)]
).map(lambda day: Value(sized(struct.pack("<HBB", *day)), None, "impossible_date"))
ZERO_DATES_WITH_A_TIME = st.just(Value(sized(bytes(4) + b"\x0a\0\0"), None, "zero_date"))
DATES = (
    st.dates().map(lambda day: Value(sized(_moment_bytes(day)), day))
    | ZERO_DATES
    | IMPOSSIBLE_DATES
)
DATETIMES = (
    st.datetimes().map(lambda moment: Value(sized(_moment_bytes(moment)), moment))
    | ZERO_DATES
    | IMPOSSIBLE_DATES
    | ZERO_DATES_WITH_A_TIME
)
TIMESTAMPS = (
    st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2106, 2, 7)).map(  # noqa: DTZ001 - UTC below
        lambda moment: Value(sized(_moment_bytes(moment)), moment.replace(tzinfo=dt.UTC))
    )
    | ZERO_DATES
)


def _time_bytes(span: dt.timedelta) -> bytes:
    size = abs(span)
    if not size:
        return b""
    minutes, second = divmod(size.seconds, 60)
    hour, minute = divmod(minutes, 60)
    head = struct.pack("<BIBBB", span < dt.timedelta(), size.days, hour, minute, second)
    return head + (struct.pack("<I", size.microseconds) if size.microseconds else b"")


LONGEST_TIME = dt.timedelta(hours=838, minutes=59, seconds=59, microseconds=999_999)
TIMES = st.timedeltas(-LONGEST_TIME, LONGEST_TIME).map(
    lambda span: Value(sized(_time_bytes(span)), span)
)
LETTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(LETTERS, max_size=60) | st.integers(200, 70_000).map(lambda n: "ä🦷"[n % 2] * n)


# Alone, cut off, a surrogate, longer than needed, behind the last character.
INVALID = (
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\xa6",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xf4\x90\x80\x80",
)


def _text(text: str) -> Value:
    return Value(
        sized(text.encode()), text.replace("\0", ""), "nul_character" if "\0" in text else None
    )


@st.composite
def _invalid_texts(draw: st.DrawFn) -> Value:
    """Text with bytes that are no character; each is a question mark afterwards."""
    texts = st.text(LETTERS, max_size=12).map(lambda text: text.replace("\0", ""))
    before, after = draw(texts), draw(texts)
    broken = draw(st.sampled_from(INVALID))
    return Value(
        sized(before.encode() + broken + after.encode()),
        before + "?" * len(broken) + after,
        "invalid_text",
    )


BYTES = st.binary(max_size=60) | st.integers(200, 70_000).map(bytes)

COLUMN_KINDS = (
    ColumnKind("tinyint(4)", "smallint", WireType.TINY, integers(1, is_signed=True)),
    ColumnKind(
        "tinyint(3) unsigned", "smallint", WireType.TINY, integers(1, is_signed=False), True
    ),
    ColumnKind("smallint(6)", "smallint", WireType.SHORT, integers(2, is_signed=True)),
    ColumnKind(
        "smallint(5) unsigned", "integer", WireType.SHORT, integers(2, is_signed=False), True
    ),
    ColumnKind(
        "mediumint(9)", "integer", WireType.INT24, medium_integers(-(1 << 23), (1 << 23) - 1)
    ),
    ColumnKind(
        "mediumint(8) unsigned", "integer", WireType.INT24, medium_integers(0, (1 << 24) - 1), True
    ),
    ColumnKind("int(11)", "integer", WireType.LONG, integers(4, is_signed=True)),
    ColumnKind("int(10) unsigned", "bigint", WireType.LONG, integers(4, is_signed=False), True),
    ColumnKind("bigint(20)", "bigint", WireType.LONGLONG, integers(8, is_signed=True)),
    ColumnKind(
        "bigint(20) unsigned",
        "numeric(20,0)",
        WireType.LONGLONG,
        integers(8, is_signed=False).map(lambda v: Value(v.wire, Decimal(str(v.expected)))),
        True,
    ),
    ColumnKind(
        "year(4)",
        "smallint",
        WireType.YEAR,
        st.sampled_from([0, 1901, 1999, 2155]).map(lambda y: Value(struct.pack("<H", y), y)),
        True,
    ),
    ColumnKind("float", "real", WireType.FLOAT, floats(32), decimals=31),
    ColumnKind("double", "double precision", WireType.DOUBLE, floats(64), decimals=31),
    ColumnKind("decimal(10,2)", "numeric(10,2)", WireType.NEWDECIMAL, decimals(10, 2), decimals=2),
    ColumnKind("decimal(7,0)", "numeric(7,0)", WireType.NEWDECIMAL, decimals(7, 0)),
    ColumnKind(
        "decimal(65,30)", "numeric(65,30)", WireType.NEWDECIMAL, decimals(65, 30), decimals=30
    ),
    ColumnKind("bit(1)", "bit(1)", WireType.BIT, bits(1), True, length=1),
    ColumnKind("bit(13)", "bit(13)", WireType.BIT, bits(13), True, length=13),
    ColumnKind("bit(64)", "bit(64)", WireType.BIT, bits(64), True, length=64),
    ColumnKind("date", "date", WireType.DATE, DATES),
    ColumnKind("datetime(6)", "timestamp", WireType.DATETIME, DATETIMES, decimals=6),
    ColumnKind("timestamp(6)", "timestamptz", WireType.TIMESTAMP, TIMESTAMPS, decimals=6),
    ColumnKind("time(6)", "interval", WireType.TIME, TIMES, decimals=6),
    ColumnKind(
        "mediumtext",
        "text",
        WireType.BLOB,
        TEXTS.map(_text) | _invalid_texts(),
        character_set=UTF8MB4,
        length=9999,
    ),
    ColumnKind(
        "enum('a','\0')",
        "text",
        WireType.STRING,
        st.sampled_from(["a", "", "\0"]).map(_text),
        character_set=UTF8MB4,
    ),
    ColumnKind("json", "text", WireType.JSON, st.sampled_from(["{}", "[1]"]).map(_text)),
    ColumnKind(
        "longblob",
        "bytea",
        WireType.BLOB,
        BYTES.map(lambda content: Value(sized(content), content)),
    ),
)


def one_row(kinds: Sequence[ColumnKind]) -> SearchStrategy[list[Value]]:
    """A row with a cell of every kind, each of which may be NULL."""
    return st.tuples(*(st.just(NULL) | kind.values | kind.values for kind in kinds)).map(list)


def rows_of(kinds: Sequence[ColumnKind]) -> SearchStrategy[list[list[Value]]]:
    return st.lists(one_row(kinds), max_size=6)


KINDS = {kind.source_type: kind for kind in COLUMN_KINDS}
NAMED = [(f"c{at}", kind) for at, kind in enumerate(COLUMN_KINDS)]
LAYOUT = plan_layout(config(*NAMED), [kind.sent(name) for name, kind in NAMED])


def transcode_all(
    core: Core, buffer: bytearray, rows: RowTable, layout: RowLayout, *, room: int = 1 << 20
) -> tuple[bytes, list[int]]:
    """Write all rows through an output of `room` bytes that grows when a row needs more."""
    out, written, first = bytearray(room), b"", 0
    counts = counts_for(layout)
    while first < rows.count:
        try:
            step = core.transcode(buffer, rows, first, layout, out, emit=None, counts=counts)
        except OutputTooSmall as error:
            out = bytearray(error.needed)
            continue
        written += out[: step.size]
        first = step.rows
    return written, list(counts)
