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
END_PACKET = b"\x05\0\0\x07\xfe\0\0\x22\0"
ERROR_PACKET = b"\x03\0\0\x07\xff\x15\x04"
TEXT = RowLayout((Field(Kind.TEXT, 0, True),))


def packets(payload: bytes) -> bytes:
    """One row as the protocol sends it: a part of full length is followed by another."""
    parts = [payload[at : at + LONGEST_PART] for at in range(0, len(payload) + 1, LONGEST_PART)]
    return b"".join(
        len(part).to_bytes(3, "little") + bytes([at % 256]) + part for at, part in enumerate(parts)
    )


def found(buffer: bytearray, rows: RowTable) -> list[bytes]:
    return [
        bytes(buffer[start : start + length])
        for start, length in zip(rows.starts[: rows.count], rows.lengths[: rows.count], strict=True)
    ]


def receive(core: Core, stream: bytes, cuts: Sequence[int]) -> tuple[list[bytes], ScanResult]:
    """Scan after each piece of the stream, as a reader does, and return all rows."""
    buffer, rows = bytearray(len(stream)), RowTable(100)
    result = ScanResult(0, 0, ScanStatus.MORE)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        assert result.status is ScanStatus.MORE
        filled = result.filled + end - start
        buffer[result.filled : filled] = stream[start:end]
        result = core.scan(buffer, result.position, filled, rows)
    return found(buffer, rows), result


@given(
    st.lists(st.binary(max_size=300).map(lambda content: b"\0" + content), max_size=20),
    st.sets(st.integers(0, 1000)),
)
@settings(deadline=None, max_examples=60)
def test_rows_are_found_however_the_stream_is_cut(payloads: list[bytes], cuts: set[int]) -> None:
    stream = b"".join(map(packets, payloads)) + END_PACKET
    inside = sorted(cut for cut in cuts if cut < len(stream))
    for name in (True, False):
        rows, result = receive(load_core(compiled=name), stream, inside)
        assert rows == payloads
        expected = len(stream) - len(END_PACKET)
        assert result == ScanResult(expected, len(stream), ScanStatus.END)


@pytest.mark.parametrize("size", [LONGEST_PART - 1, LONGEST_PART, LONGEST_PART + 1])
def test_a_row_of_about_the_length_of_a_packet_is_joined(core: Core, size: int) -> None:
    long = b"\0" + random.Random(size).randbytes(size - 1)  # noqa: S311 - repeatable
    before, after = b"\0before", b"\0after"
    stream = packets(before) + packets(long) + packets(after) + packets(long) + END_PACKET
    cuts = [5, 20, LONGEST_PART + 14, LONGEST_PART + 16, LONGEST_PART + 40]
    rows, result = receive(core, stream, cuts)
    assert rows == [before, long, after, long]
    assert result.status is ScanStatus.END
    removed = 2 * 4 * (size >= LONGEST_PART)
    assert result.filled == len(stream) - removed
    assert result.position == result.filled - len(END_PACKET)


def test_a_text_over_three_packets_arrives_whole(core: Core) -> None:
    text = b"0123456789abcdef" * (5 << 17) * 4
    stream = packets(b"\0\0" + sized(text)) + END_PACKET
    buffer, rows = bytearray(stream), RowTable(1)
    assert len(text) > 2 * LONGEST_PART
    assert core.scan(buffer, 0, len(stream), rows).status is ScanStatus.END
    out = bytearray(len(text) + 100)
    done = core.transcode(buffer, rows, 0, TEXT, out, emit=None, counts=counts_for(TEXT))
    assert out[: done.size] == b"\0\1" + len(text).to_bytes(4, "big") + text
    assert split_row(found(buffer, rows)[0], TEXT) == [text]


def test_a_scan_ends_before_an_error_packet(core: Core) -> None:
    stream = packets(b"\0row") + ERROR_PACKET
    rows, result = receive(core, stream, [])
    assert rows == [b"\0row"]
    assert result == ScanResult(len(stream) - len(ERROR_PACKET), len(stream), ScanStatus.ERROR)


def test_only_a_short_packet_is_the_end(core: Core) -> None:
    long = b"\xfe" + bytes(8)
    assert receive(core, packets(long) + END_PACKET, [])[0] == [long]
    assert receive(core, packets(long[:8]), [])[1].status is ScanStatus.END


def test_a_full_table_stops_the_scan_until_it_is_reset(core: Core) -> None:
    buffer = bytearray(b"".join(packets(b"\0%d" % number) for number in range(5)) + END_PACKET)
    rows = RowTable(2)
    seen, result = [], ScanResult(0, len(buffer), ScanStatus.FULL)
    while result.status is ScanStatus.FULL:
        rows.reset()
        result = core.scan(buffer, result.position, result.filled, rows)
        seen.append(found(buffer, rows))
    assert seen == [[b"\x000", b"\x001"], [b"\x002", b"\x003"], [b"\x004"]]
    assert result.status is ScanStatus.END
    assert rows.byte_count == 2


def test_a_scan_beyond_its_buffer_is_refused(core: Core) -> None:
    with pytest.raises(ValueError, match="shorter"):
        core.scan(bytearray(10), 0, 11, RowTable(1))
    with pytest.raises(ValueError, match="shorter"):
        core.scan(bytearray(10), 6, 5, RowTable(1))
