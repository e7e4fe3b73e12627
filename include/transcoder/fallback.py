"""The core in plain Python: the same bytes, counts and errors as core.c, some hundred times slower.

It is used where the compiled core was not built, and tests compare the compiled core with it.
"""

from __future__ import annotations

import xxhash

from include.transcoder.encoding import NULL_FIELD, UnfitError, count_rules, encode
from include.transcoder.layout import RowLayout
from include.transcoder.rows import (
    RULES,
    Numbers,
    OutputTooSmall,
    RowTable,
    ScanResult,
    ScanStatus,
    Transcoded,
    Unfit,
    UnfitCellError,
    UnfitRow,
    cells,
    check_hash,
    check_scan,
    check_transcode,
)

_HEADER = 4
_LONGEST_PART = 0xFFFFFF
_MASK = 0xFFFF_FFFF_FFFF_FFFF


class FallbackCore:
    """See `include.transcoder.core.Core`."""

    name = "python"

    def scan(
        self, buffer: bytearray, position: int, filled: int, rows: RowTable, *, number: int
    ) -> ScanResult:
        """See `Core.scan`."""
        check_scan(buffer, position, filled)
        while True:
            parts = _parts(buffer, position, filled)
            if parts is None:
                return ScanResult(position, filled, ScanStatus.MORE, number)
            length = sum(size for _, size in parts)
            first = buffer[position + _HEADER] if length else 0
            numbers = [buffer[start - 1] for start, _ in parts]
            # A server that shuts down numbers its error packet anew.
            if first == 0xFF:
                return ScanResult(position, filled, ScanStatus.ERROR, number)
            if numbers != [(number + part) % 256 for part in range(len(parts))]:
                return ScanResult(position, filled, ScanStatus.DISORDER, number)
            if first == 0xFE and length < 9:
                return ScanResult(position, filled, ScanStatus.END, number)
            if rows.count == rows.capacity:
                return ScanResult(position, filled, ScanStatus.FULL, number)
            if len(parts) > 1:
                filled = _join(buffer, parts, filled)
            rows.starts[rows.count] = position + _HEADER
            rows.lengths[rows.count] = length
            rows.count += 1
            position += _HEADER + length
            number = (number + len(parts)) % 256

    def hash_rows(self, buffer: bytearray, rows: RowTable, seed: int, out: Numbers) -> None:
        """See `Core.hash_rows`."""
        check_hash(rows, out)
        with memoryview(buffer) as view:
            for row in range(rows.count):
                out[row] = xxhash.xxh3_64_intdigest(_payload(view, rows, row), seed)

    def fold_rows(self, buffer: bytearray, rows: RowTable, seed: int, sums: Numbers) -> None:
        """See `Core.fold_rows`."""
        low, high = sums[0], sums[1]
        with memoryview(buffer) as view:
            for row in range(rows.count):
                digest = xxhash.xxh3_128_intdigest(_payload(view, rows, row), seed)
                low += digest & _MASK
                high += digest >> 64
        sums[0], sums[1] = low & _MASK, high & _MASK

    def transcode(
        self,
        buffer: bytearray,
        rows: RowTable,
        first: int,
        layout: RowLayout,
        out: bytearray,
        *,
        emit: bytearray | None,
        counts: Numbers,
    ) -> Transcoded:
        """See `Core.transcode`."""
        check_transcode(rows, first, layout, emit, counts=counts)
        size = 0
        with memoryview(buffer) as view:
            for row in range(first, rows.count):
                payload = _payload(view, rows, row)
                is_kept = emit is None or bool(emit[row])
                needed = len(payload) + layout.overhead
                if is_kept and needed > len(out) - size:
                    if row == first:
                        raise OutputTooSmall(needed)
                    return Transcoded(row, size)
                try:
                    fields = _walk_row(payload, layout, counts, is_kept=is_kept)
                except UnfitCellError as error:
                    raise UnfitRow.of(row, error.column, error.unfit) from None
                out[size : size + len(fields)] = fields
                size += len(fields)
        return Transcoded(rows.count, size)


def _parts(buffer: bytearray, position: int, filled: int) -> list[tuple[int, int]] | None:
    """Return start and size of the payload of each packet of a row; None when one is incomplete."""
    parts = []
    while True:
        start = position + _HEADER
        if start > filled:
            return None
        size = int.from_bytes(buffer[position : position + 3], "little")
        if start + size > filled:
            return None
        parts.append((start, size))
        position = start + size
        if size < _LONGEST_PART:
            return parts


def _join(buffer: bytearray, parts: list[tuple[int, int]], filled: int) -> int:
    """Remove the headers of a row's later packets, in place; return how much is filled then."""
    end = sum(parts[0])
    with memoryview(buffer) as view:
        for start, size in parts[1:]:
            view[end : end + size] = view[start : start + size]
            end += size
        behind = sum(parts[-1])
        rest = filled - behind
        view[end : end + rest] = view[behind:filled]
    return end + rest


def _payload(view: memoryview, rows: RowTable, row: int) -> memoryview:
    start, length = rows.starts[row], rows.lengths[row]
    if start + length > len(view):
        raise UnfitRow.of(row, -1, Unfit.NO_ROW)
    return view[start : start + length]


def _walk_row(payload: memoryview, layout: RowLayout, counts: Numbers, *, is_kept: bool) -> bytes:
    """Return a row's tuple, or nothing when it is not kept.

    Raises UnfitCellError at the first cell that is malformed or does not fit.
    """
    fields = [layout.field_count.to_bytes(2, "big")]
    for column, cell in enumerate(cells(payload, layout)):
        field = layout.fields[column]

        def count(rule: int, at: int = column * len(RULES)) -> None:
            counts[at + rule] += 1

        try:
            if is_kept and field.is_emitted:
                fields.append(NULL_FIELD if cell is None else encode(cell, field, count))
            elif cell is not None:
                count_rules(cell, field, count)
        except UnfitError as error:
            raise UnfitCellError(column, error.unfit) from None
    return b"".join([*fields, layout.suffix]) if is_kept else b""
