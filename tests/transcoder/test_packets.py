"""Rows are found in what has arrived of a result, however it is cut, and joined when long."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.transcoder.core import (
    Core,
    RowTable,
    ScanResult,
    ScanStatus,
    load_core,
    split_row,
)
from include.transcoder.layout import Field, Kind, RowLayout
from tests.transcoder.wire_rows import counts_for, sized

LONGEST_PART = 0xFFFFFF
END_PACKET = b"\xfe\0\0\x22\0"
ERROR_PACKET = b"\xff\x15\x04"
FIRST_NUMBER = 250
TEXT = RowLayout((Field(Kind.TEXT, 0, True),))


def packets(*payloads: bytes) -> bytes:
    """Rows as the protocol sends them: a part of full length is followed by another."""
    parts = [
        payload[at : at + LONGEST_PART]
        for payload in payloads
        for at in range(0, len(payload) + 1, LONGEST_PART)
    ]
    return b"".join(
        len(part).to_bytes(3, "little") + bytes([at % 256]) + part
        for at, part in enumerate(parts, start=FIRST_NUMBER)
    )


def found(buffer: bytearray, rows: RowTable) -> list[bytes]:
    return [
        bytes(buffer[start : start + length])
        for start, length in zip(rows.starts[: rows.count], rows.lengths[: rows.count], strict=True)
    ]


def receive(core: Core, stream: bytes, cuts: Sequence[int]) -> tuple[list[bytes], ScanResult]:
    """Scan after each piece of the stream, as a reader does, and return all rows."""
    buffer, rows = bytearray(len(stream)), RowTable(100)
    result = ScanResult(0, 0, ScanStatus.MORE, FIRST_NUMBER)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        assert result.status is ScanStatus.MORE
        filled = result.filled + end - start
        buffer[result.filled : filled] = stream[start:end]
        result = core.scan(buffer, result.position, filled, rows, number=result.number)
    return found(buffer, rows), result


@given(
    st.lists(st.binary(max_size=300).map(lambda content: b"\0" + content), max_size=20),
    st.sets(st.integers(0, 1000)),
)
@settings(deadline=None, max_examples=60)
def test_rows_are_found_however_the_stream_is_cut(payloads: list[bytes], cuts: set[int]) -> None:
    stream = packets(*payloads, END_PACKET)
    inside = sorted(cut for cut in cuts if cut < len(stream))
    for name in (True, False):
        rows, result = receive(load_core(compiled=name), stream, inside)
        assert rows == payloads
        number = (FIRST_NUMBER + len(payloads)) % 256
        assert result == ScanResult(len(stream) - 9, len(stream), ScanStatus.END, number)


@pytest.mark.parametrize("size", [LONGEST_PART - 1, LONGEST_PART, LONGEST_PART + 1])
def test_a_row_of_about_the_length_of_a_packet_is_joined(core: Core, size: int) -> None:
    long = b"\0" + random.Random(size).randbytes(size - 1)  # noqa: S311 - repeatable
    before, after = b"\0before", b"\0after"
    stream = packets(before, long, after, long, END_PACKET)
    cuts = [5, 20, LONGEST_PART + 14, LONGEST_PART + 16, LONGEST_PART + 40]
    rows, result = receive(core, stream, cuts)
    assert rows == [before, long, after, long]
    assert result.status is ScanStatus.END
    removed = 2 * 4 * (size >= LONGEST_PART)
    assert result.filled == len(stream) - removed
    assert result.position == result.filled - 9


def test_a_text_over_three_packets_arrives_whole(core: Core) -> None:
    text = b"0123456789abcdef" * (5 << 17) * 4
    stream = packets(b"\0\0" + sized(text), END_PACKET)
    buffer, rows = bytearray(stream), RowTable(1)
    assert len(text) > 2 * LONGEST_PART
    assert core.scan(buffer, 0, len(stream), rows, number=FIRST_NUMBER).status is ScanStatus.END
    out = bytearray(len(text) + 100)
    done = core.transcode(buffer, rows, 0, TEXT, out, emit=None, counts=counts_for(TEXT))
    assert out[: done.size] == b"\0\1" + len(text).to_bytes(4, "big") + text
    assert split_row(found(buffer, rows)[0], TEXT) == [text]


def test_a_scan_ends_before_an_error_packet(core: Core) -> None:
    stream = bytearray(packets(b"\0row", ERROR_PACKET))
    for number in (FIRST_NUMBER + 1, 0):  # a server that shuts down begins anew
        stream[-len(ERROR_PACKET) - 1] = number
        rows, result = receive(core, bytes(stream), [])
        assert rows == [b"\0row"]
        assert result == ScanResult(8, len(stream), ScanStatus.ERROR, FIRST_NUMBER + 1)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_scan_ends_before_a_packet_that_does_not_follow(core: Core, at: int) -> None:
    """One that was lost, doubled or moved."""
    payloads = [b"\0row", b"\0row", END_PACKET]
    stream = bytearray(packets(*payloads))
    stream[8 * at + 3] += 1
    rows, result = receive(core, bytes(stream), [])
    assert rows == payloads[:at]
    following = FIRST_NUMBER + at
    assert result == ScanResult(8 * at, len(stream), ScanStatus.DISORDER, following)


def test_the_parts_of_a_long_row_follow_each_other(core: Core) -> None:
    stream = bytearray(packets(b"\0" * LONGEST_PART, END_PACKET))
    stream[LONGEST_PART + 7] += 1
    rows, result = receive(core, bytes(stream), [])
    assert (rows, result.status) == ([], ScanStatus.DISORDER)


def test_only_a_short_packet_is_the_end(core: Core) -> None:
    long = b"\xfe" + bytes(8)
    assert receive(core, packets(long, END_PACKET), [])[0] == [long]
    assert receive(core, packets(long[:8]), [])[1].status is ScanStatus.END


def test_a_full_table_stops_the_scan_until_it_is_reset(core: Core) -> None:
    buffer = bytearray(packets(*(b"\0%d" % number for number in range(5)), END_PACKET))
    rows = RowTable(2)
    seen, result = [], ScanResult(0, len(buffer), ScanStatus.FULL, FIRST_NUMBER)
    while result.status is ScanStatus.FULL:
        rows.reset()
        result = core.scan(buffer, result.position, result.filled, rows, number=result.number)
        seen.append(found(buffer, rows))
    assert seen == [[b"\x000", b"\x001"], [b"\x002", b"\x003"], [b"\x004"]]
    assert result.status is ScanStatus.END
    assert rows.byte_count == 2


def test_a_scan_beyond_its_buffer_is_refused(core: Core) -> None:
    with pytest.raises(ValueError, match="shorter"):
        core.scan(bytearray(10), 0, 11, RowTable(1), number=0)
    with pytest.raises(ValueError, match="shorter"):
        core.scan(bytearray(10), 6, 5, RowTable(1), number=0)
