"""Both cores write the same tuples, and count the same substitutions."""

from __future__ import annotations

import ctypes
import datetime as dt
import itertools
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.transcoder.core import (
    RULES,
    Core,
    OutputTooSmall,
    Transcoded,
    load_core,
    split_row,
)
from include.transcoder.layout import Field, Kind, RowLayout
from tests.transcoder.wire_rows import (
    COLUMN_KINDS,
    KINDS,
    LAYOUT,
    NULL,
    Value,
    counts_for,
    row,
    rows_of,
    sized,
    table_of,
    transcode_all,
)


def expected_counts(rows: Sequence[Sequence[Value]]) -> list[int]:
    return [
        sum(values[column].rule == rule for values in rows)
        for column in range(len(COLUMN_KINDS))
        for rule in RULES
    ]


@given(rows_of(COLUMN_KINDS), st.integers(1, 4000))
@settings(deadline=None, max_examples=60)
def test_both_cores_write_the_same_bytes_and_counts(rows: list[list[Value]], room: int) -> None:
    buffer, table = table_of([row(values) for values in rows])
    compiled = transcode_all(load_core(compiled=True), buffer, table, LAYOUT)
    assert transcode_all(load_core(compiled=False), buffer, table, LAYOUT) == compiled
    assert transcode_all(load_core(compiled=True), buffer, table, LAYOUT, room=room) == compiled
    assert compiled[1] == expected_counts(rows)


def test_a_tuple_holds_only_the_columns_that_are_asked_for(core: Core) -> None:
    positions = [COLUMN_KINDS.index(KINDS[name]) for name in ("mediumtext", "bigint(20)")]
    values = [NULL] * len(COLUMN_KINDS)
    values[positions[0]] = Value(b"\x02\0k", None)
    values[positions[1]] = Value((-7).to_bytes(8, "little", signed=True), None)
    buffer, table = table_of([row(values)])
    written, counts = transcode_all(core, buffer, table, LAYOUT.only(positions))
    assert written == struct.pack(">hiqi1s", 2, 8, -7, 1, b"k")
    assert sum(counts) == counts[len(RULES) * positions[0] + RULES.index("nul_character")] == 1


@given(rows_of(COLUMN_KINDS), st.lists(st.booleans(), min_size=6, max_size=6))
@settings(deadline=None, max_examples=40)
def test_rows_that_are_not_emitted_are_counted_as_the_others(
    rows: list[list[Value]], kept: list[bool]
) -> None:
    buffer, table = table_of([row(values) for values in rows])
    emit = bytearray(kept)
    some = table_of([row(values) for values, flag in zip(rows, kept, strict=False) if flag])
    for compiled in (True, False):
        core, counts, out = load_core(compiled=compiled), counts_for(LAYOUT), bytearray(1 << 20)
        done = core.transcode(buffer, table, 0, LAYOUT, out, emit=emit, counts=counts)
        assert done.rows == len(rows)
        assert out[: done.size] == transcode_all(core, *some, LAYOUT)[0]
        assert list(counts) == expected_counts(rows)


def test_what_stands_behind_the_key_is_not_looked_at(core: Core) -> None:
    layout = RowLayout(tuple(Field(Kind.INT32, 4, True) for _ in range(3))).only([1])
    payload = b"\0\0" + struct.pack("<ii", 5, 6)
    assert transcode_all(core, *table_of([payload]), layout)[0] == struct.pack(">hii", 1, 4, 6)
    assert split_row(payload, layout) == [struct.pack("<i", 5), struct.pack("<i", 6)]


def test_rows_that_are_not_emitted__are_counted_and_need_no_room(core: Core) -> None:
    position = COLUMN_KINDS.index(KINDS["mediumtext"])
    values = [NULL] * len(COLUMN_KINDS)
    values[position] = Value(sized(b"\0" * 100_000), None)
    small = [NULL] * len(COLUMN_KINDS)
    buffer, table = table_of([row(values), row(small), row(values)])
    counts, out = counts_for(LAYOUT), bytearray(1000)
    done = core.transcode(buffer, table, 0, LAYOUT, out, emit=bytearray([0, 1, 0]), counts=counts)
    assert done == Transcoded(3, 2 + 4 * len(small))
    assert counts[len(RULES) * position + RULES.index("nul_character")] == 2


def test_an_output_for_no_single_row_says_how_much_it_takes(core: Core) -> None:
    values = [NULL] * len(COLUMN_KINDS)
    values[COLUMN_KINDS.index(KINDS["mediumtext"])] = Value(sized(b"x" * 5000), None)
    buffer, table = table_of([row(values)])

    def transcode(room: int) -> Transcoded:
        return core.transcode(
            buffer, table, 0, LAYOUT, bytearray(room), emit=None, counts=counts_for(LAYOUT)
        )

    with pytest.raises(OutputTooSmall) as refusal:
        transcode(0)
    needed = refusal.value.needed
    assert transcode(needed).rows == 1
    with pytest.raises(OutputTooSmall) as refusal:
        transcode(needed - 1)
    assert refusal.value.needed == needed


def test_the_arrays_must_be_as_large_as_the_rows(core: Core) -> None:
    buffer, table = table_of([row([NULL] * len(COLUMN_KINDS))] * 2)
    counts, out = counts_for(LAYOUT), bytearray(100)
    with pytest.raises(ValueError, match="first row"):
        core.transcode(buffer, table, 3, LAYOUT, out, emit=None, counts=counts)
    with pytest.raises(ValueError, match="flags"):
        core.transcode(buffer, table, 0, LAYOUT, out, emit=bytearray(1), counts=counts)
    with pytest.raises(ValueError, match="counts"):
        core.transcode(buffer, table, 0, LAYOUT, out, emit=None, counts=(ctypes.c_uint64 * 3)())


def test_every_day_that_the_calendar_has_is_held_and_no_other(core: Core) -> None:
    layout = RowLayout((Field(Kind.DATE, 0, True),))
    years = (0, 1, 4, 100, 400, 1582, 1899, 1900, 1999, 2000, 2024, 2100, 9999)
    days = [(y, m, d) for y in years for m in range(14) for d in range(33)]
    payloads = [b"\0\0" + sized(struct.pack("<HBB", *day)) for day in days]
    written, counts = transcode_all(core, *table_of(payloads), layout)
    expected, absent = [], 0
    for day in days:
        try:
            since = (dt.date(*day) - dt.date(2000, 1, 1)).days
        except ValueError:
            absent += 1
            expected.append(struct.pack(">hi", 1, -1))
        else:
            expected.append(struct.pack(">hii", 1, 4, since))
    assert written == b"".join(expected)
    assert counts == [1, absent - 1, 0, 0]


def test_a_zero_character_is_found_at_every_place_of_a_text(core: Core) -> None:
    layout = RowLayout((Field(Kind.TEXT, 0, True), Field(Kind.BYTES, 0, True)))
    texts = [
        b"\x7f" * before + b"\0" + b"\x01" * after for before in range(20) for after in range(20)
    ]
    buffer, table = table_of([b"\0\0" + 2 * sized(text) for text in texts])
    written, counts = transcode_all(core, buffer, table, layout)
    assert written == b"".join(
        struct.pack(">hi", 2, len(text) - 1)
        + text.replace(b"\0", b"")
        + struct.pack(">i", len(text))
        + text
        for text in texts
    )
    assert counts == [0, 0, len(texts), 0, *[0] * len(RULES)]
    skipped, none = counts_for(layout), bytearray(len(texts))
    core.transcode(buffer, table, 0, layout, bytearray(), emit=none, counts=skipped)
    assert list(skipped) == counts


def test_each_byte_that_is_no_part_of_a_character_becomes_a_question_mark(core: Core) -> None:
    leads = (
        0x00,
        0x41,
        0x80,
        0xC1,
        0xC2,
        0xDF,
        0xE0,
        0xE1,
        0xED,
        0xEF,
        0xF0,
        0xF1,
        0xF4,
        0xF5,
        0xFF,
    )
    rests = (0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2)
    texts = [
        before + bytes((lead, *rest)) + after
        for lead in leads
        for size in range(4)
        for rest in itertools.product(rests, repeat=size)
        for before, after in ((b"", b""), (b"12345678", b"\xc3\xa9"))
    ]
    layout = RowLayout((Field(Kind.TEXT, 0, True),))
    written, counts = transcode_all(core, *table_of([b"\0\0" + sized(t) for t in texts]), layout)
    expected = [_without_invalid_bytes(text) for text in texts]
    assert written == b"".join(struct.pack(">hi", 1, len(text)) + text for text in expected)
    assert counts[RULES.index("invalid_text")] == sum(map(_is_invalid, texts))


def _is_invalid(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return False


def _without_invalid_bytes(text: bytes) -> bytes:
    kept, at = b"", 0
    while at < len(text):
        size = next((n for n in (1, 2, 3, 4) if not _is_invalid(text[at : at + n])), 0)
        kept += text[at : at + size] if size else b"?"
        at += size or 1
    return kept.replace(b"\0", b"")
