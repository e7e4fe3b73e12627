"""A packet is not trusted: what is no row of the table is reported, the same by both cores."""

from __future__ import annotations

import pickle
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.transcoder.core import Core, UnfitRow, load_core, split_row
from include.transcoder.layout import Field, Kind, RowLayout
from tests.transcoder.wire_rows import (
    COLUMN_KINDS,
    LAYOUT,
    NULL,
    Value,
    counts_for,
    one_row,
    row,
    sized,
    table_of,
)

SECRET = b"Mrs. Marked"


def outcome(core: Core, payloads: list[bytes], layout: RowLayout, *, is_emitted: bool) -> object:
    """The tuples and counts, or what was wrong and where."""
    buffer, rows = table_of(payloads)
    counts, out = counts_for(layout), bytearray(1 << 20)
    emit = bytearray([is_emitted] * rows.count)
    try:
        done = core.transcode(buffer, rows, 0, layout, out, emit=emit, counts=counts)
    except UnfitRow as error:
        return error.row, error.column, error.what, list(counts)
    assert done.rows == rows.count
    return out[: done.size], list(counts)


def assert_agreed(payloads: list[bytes], layout: RowLayout) -> None:
    compiled, fallback = load_core(compiled=True), load_core(compiled=False)
    for flag in (True, False):
        expected = outcome(fallback, payloads, layout, is_emitted=flag)
        assert outcome(compiled, payloads, layout, is_emitted=flag) == expected


@st.composite
def damaged_rows(draw: st.DrawFn) -> bytes:
    """A row with bytes changed, cut off or put in."""
    payload = bytearray(row(draw(one_row(COLUMN_KINDS))))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(payload)))
        change = draw(st.sampled_from(["set", "cut", "insert"]))
        if change == "cut":
            del payload[at:]
        elif change == "insert":
            payload[at:at] = draw(st.binary(max_size=5))
        else:
            payload[at : at + 1] = bytes([draw(st.sampled_from([0, 1, 0xFB, 0xFC, 0xFE, 0xFF]))])
    return bytes(payload)


@given(damaged_rows())
@settings(deadline=None, max_examples=150, derandomize=True)
def test_a_damaged_row_is_the_same_to_both_cores(payload: bytes) -> None:
    assert_agreed([row([NULL] * len(COLUMN_KINDS)), payload], LAYOUT)


def fields(kind: Kind) -> st.SearchStrategy[Field]:
    parameters = [0]
    if kind <= Kind.UINT64:
        parameters = [0, 2, 4, 8]
    elif kind is Kind.BITS:
        parameters = [1, 7, 8, 64]
    elif kind is Kind.DECIMAL:
        parameters = [0, 3]
    return st.builds(Field, st.just(kind), st.sampled_from(parameters), st.booleans())


@given(
    st.lists(st.sampled_from(Kind).flatmap(fields), max_size=4),
    st.binary(max_size=40),
)
@settings(deadline=None, max_examples=400, derandomize=True)
def test_any_bytes_are_the_same_to_both_cores(columns: list[Field], tail: bytes) -> None:
    layout = RowLayout(tuple(columns))
    assert_agreed([b"\0" + bytes((len(columns) + 9) // 8) + tail], layout)
    assert_agreed([tail], layout)


MOMENT = "<HBBBBBI"
SPAN = "<BIBBBI"


@pytest.mark.parametrize(
    ("kind", "parameter", "wire", "what"),
    [
        (Kind.INT16, 2, b"\1", "leads out of its row"),
        (Kind.TEXT, 0, b"", "leads out of its row"),
        (Kind.TEXT, 0, b"\x0cshort", "leads out of its row"),
        (Kind.TEXT, 0, b"\x06short", "leads out of its row"),
        (Kind.DOUBLE, 0, bytes(7), "leads out of its row"),
        (Kind.TEXT, 0, b"\xfb", "leads out of its row"),
        (Kind.TEXT, 0, b"\xff" + bytes(20), "leads out of its row"),
        (Kind.TEXT, 0, b"\xfc\x01", "leads out of its row"),
        (Kind.BYTES, 0, b"\xfe" + b"\xff" * 8, "leads out of its row"),
        (Kind.DATE, 0, b"\x07\xe4\x07\x01\x01", "leads out of its row"),
        (Kind.INT8, 2, b"\1\1", "behind the last value"),
        (Kind.DATE, 0, sized(b"\1\2\3"), "no date or time"),
        (Kind.DATETIME, 0, sized(bytes(8)), "no date or time"),
        (Kind.DATETIME, 0, sized(struct.pack(MOMENT, 2020, 1, 1, 24, 0, 0, 0)), "no date or time"),
        (Kind.DATETIME, 0, sized(struct.pack(MOMENT, 2020, 1, 1, 0, 60, 0, 0)), "no date or time"),
        (Kind.DATETIME, 0, sized(struct.pack(MOMENT, 0, 0, 0, 0, 0, 60, 0)), "no date or time"),
        (Kind.DATETIME, 0, sized(struct.pack(MOMENT, 2020, 1, 1, 0, 0, 0, 10**6)), "no date or"),
        (Kind.DATETIME, 0, sized(struct.pack(MOMENT, 10_000, 1, 1, 0, 0, 0, 0)), "no date or time"),
        (Kind.DATE, 0, sized(struct.pack("<HBBBBB", 2020, 1, 1, 1, 0, 0)), "beyond the range"),
        (Kind.TIME, 0, sized(bytes(4)), "no date or time"),
        (Kind.TIME, 0, sized(struct.pack(SPAN, 2, 0, 0, 0, 0, 0)), "no date or time"),
        (Kind.TIME, 0, sized(struct.pack(SPAN, 0, 34, 23, 0, 0, 0)), "no date or time"),
        (Kind.TIME, 0, sized(struct.pack(SPAN, 0, 0, 24, 0, 0, 0)), "no date or time"),
        (Kind.TIME, 0, sized(struct.pack(SPAN, 0, 0xFFFFFFFF, 0, 0, 0, 0)), "no date or time"),
        (Kind.TIME, 0, sized(struct.pack(SPAN, 0, 0, 0, 0, 60, 0)), "no date or time"),
        (Kind.TIME, 0, sized(struct.pack(SPAN, 0, 0, 0, 0, 0, 10**6)), "no date or time"),
        (Kind.DECIMAL, 2, sized(b""), "no number"),
        (Kind.DECIMAL, 2, sized(b"-"), "no number"),
        (Kind.DECIMAL, 2, sized(b"."), "no number"),
        (Kind.DECIMAL, 2, sized(b"1.2.3"), "no number"),
        (Kind.DECIMAL, 2, sized(b"1e5"), "no number"),
        (Kind.DECIMAL, 2, sized(b"+1"), "no number"),
        (Kind.DECIMAL, 2, sized(b" 1"), "no number"),
        (Kind.DECIMAL, 2, sized(b"1\n"), "no number"),
        (Kind.DECIMAL, 2, sized(b"\xd9\xa1"), "no number"),
        (Kind.DECIMAL, 2, sized(b"1" * 81), "no number"),
        (Kind.DECIMAL, 2, sized(b"1.234"), "beyond the range"),
        (Kind.BITS, 8, sized(b""), "no number"),
        (Kind.BITS, 8, sized(bytes(9)), "no number"),
        (Kind.BITS, 3, sized(b"\x08"), "beyond the range"),
        (Kind.UINT8, 0, b"", "leads out of its row"),
        (Kind.INT32, 2, struct.pack("<i", 32768), "beyond the range"),
        (Kind.INT32, 2, struct.pack("<i", -32769), "beyond the range"),
        (Kind.UINT32, 4, struct.pack("<I", 1 << 31), "beyond the range"),
        (Kind.INT64, 4, struct.pack("<q", 1 << 31), "beyond the range"),
        (Kind.UINT64, 8, struct.pack("<Q", 1 << 63), "beyond the range"),
        (Kind.UINT64, 4, struct.pack("<Q", 1 << 63), "beyond the range"),
    ],
)
def test_a_cell_that_cannot_be_held_is_named_and_not_shown(
    core: Core, kind: Kind, parameter: int, wire: bytes, what: str
) -> None:
    layout = RowLayout((Field(Kind.TEXT, 0, True), Field(kind, parameter, True)))
    payload = b"\0\0" + sized(SECRET) + wire
    with pytest.raises(UnfitRow, match=what) as refusal:
        core.transcode(
            *table_of([payload]), 0, layout, bytearray(999), emit=None, counts=counts_for(layout)
        )
    error = refusal.value
    assert (error.row, error.column) == (0, -1 if "behind" in what else 1)
    assert SECRET.decode() not in f"{error}{error!r}"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line above
    assert (copy.row, copy.column, copy.what) == (error.row, error.column, error.what)


@pytest.mark.parametrize("payload", [b"", b"\0", b"\1\0\7", b"\xfe\0\0\0"])
def test_what_is_no_row_at_all_is_said_to_be_none(core: Core, payload: bytes) -> None:
    layout = RowLayout((Field(Kind.INT8, 2, True),))
    with pytest.raises(UnfitRow, match="row 1 holds no row of the binary protocol"):
        core.transcode(
            *table_of([b"\0\0\7", payload]),
            0,
            layout,
            bytearray(999),
            emit=None,
            counts=counts_for(layout),
        )
    with pytest.raises(UnfitRow):
        split_row(payload, layout)


def test_a_row_that_is_said_to_go_beyond_the_buffer_is_refused(core: Core) -> None:
    buffer, rows = table_of([row([Value(b"\7", 7)])])
    layout = RowLayout((Field(Kind.INT8, 2, True),))
    for start, length in ((4, 4), (1 << 63, 3), (4, (1 << 64) - 2)):
        rows.starts[0], rows.lengths[0] = start, length
        with pytest.raises(UnfitRow):
            core.transcode(
                buffer,
                rows,
                0,
                layout,
                bytearray(999),
                emit=None,
                counts=counts_for(layout),
            )


def test_a_row_is_split_into_the_bytes_of_its_cells() -> None:
    layout = RowLayout(
        tuple(
            Field(kind, 0, False)
            for kind in (Kind.INT64, Kind.TEXT, Kind.DATE, Kind.TEXT, Kind.DECIMAL)
        )
    )
    day = struct.pack("<HBB", 2024, 2, 29)
    values = [
        Value(struct.pack("<q", -5), None),
        Value(sized("é".encode() * 200), None),
        Value(sized(day), None),
        NULL,
        Value(sized(b"-1.50"), None),
    ]
    assert split_row(row(values), layout) == [
        struct.pack("<q", -5),
        "é".encode() * 200,
        day,
        None,
        b"-1.50",
    ]
