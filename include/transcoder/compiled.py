"""The core compiled from core.c, called through ctypes, which releases the GIL."""

from __future__ import annotations

import ctypes
from pathlib import Path

from include.transcoder.layout import RowLayout
from include.transcoder.rows import (
    Numbers,
    OutputTooSmall,
    RowTable,
    ScanResult,
    ScanStatus,
    Transcoded,
    Unfit,
    UnfitRow,
    check_hash,
    check_scan,
    check_transcode,
)

_Bytes = ctypes.c_char * 0
_U32, _U64, _I32 = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int32


class _Layout(ctypes.Structure):
    _fields_ = (
        ("fields", ctypes.c_char_p),
        ("suffix", ctypes.c_char_p),
        ("suffix_size", _U64),
        ("overhead", _U64),
        ("column_count", _U32),
        ("walked_count", _U32),
        ("field_count", _U32),
    )


class _Rows(ctypes.Structure):
    _fields_ = (
        ("buffer", ctypes.c_void_p),
        ("size", _U64),
        ("starts", ctypes.c_void_p),
        ("lengths", ctypes.c_void_p),
        ("first", _U64),
        ("count", _U64),
        ("emit", ctypes.c_void_p),
    )


class _Progress(ctypes.Structure):
    _fields_ = (
        ("row", _U64),
        ("size", _U64),
        ("needed", _U64),
        ("column", _I32),
        ("unfit", _I32),
    )


class CompiledCore:
    """See `include.transcoder.core.Core`.

    The sizes of all arrays are checked here; the library checks the bytes of each row.
    """

    name = "compiled"

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(str(path))
        self._scan = library.dental_scan
        self._hash_rows = library.dental_hash_rows
        self._fold_rows = library.dental_fold_rows
        self._transcode = library.dental_transcode
        self._scan.restype = ctypes.c_int
        self._transcode.restype = None
        for function in (self._hash_rows, self._fold_rows):
            function.restype = ctypes.c_int64

    def scan(
        self, buffer: bytearray, position: int, filled: int, rows: RowTable, *, number: int
    ) -> ScanResult:
        """See `Core.scan`."""
        check_scan(buffer, position, filled)
        at, end, count = _U64(position), _U64(filled), _U64(rows.count)
        following = ctypes.c_uint8(number)
        status = self._scan(
            _Bytes.from_buffer(buffer),
            ctypes.byref(at),
            ctypes.byref(end),
            rows.starts,
            rows.lengths,
            _U64(rows.capacity),
            ctypes.byref(count),
            ctypes.byref(following),
        )
        rows.count = count.value
        return ScanResult(at.value, end.value, ScanStatus(status), following.value)

    def hash_rows(self, buffer: bytearray, rows: RowTable, seed: int, out: Numbers) -> None:
        """See `Core.hash_rows`."""
        check_hash(rows, out)
        view = _Bytes.from_buffer(buffer)
        done = self._hash_rows(ctypes.byref(_rows(view, buffer, rows)), _U64(seed), out)
        if done < rows.count:
            raise UnfitRow.of(done, -1, Unfit.NO_ROW)

    def fold_rows(self, buffer: bytearray, rows: RowTable, seed: int, sums: Numbers) -> None:
        """See `Core.fold_rows`."""
        view = _Bytes.from_buffer(buffer)
        done = self._fold_rows(ctypes.byref(_rows(view, buffer, rows)), _U64(seed), sums)
        if done < rows.count:
            raise UnfitRow.of(done, -1, Unfit.NO_ROW)

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
        view = _Bytes.from_buffer(buffer)
        flags = None if emit is None else _Bytes.from_buffer(emit)
        given = _rows(view, buffer, rows)
        given.first = first
        given.emit = None if flags is None else ctypes.addressof(flags)
        progress = _Progress()
        self._transcode(
            ctypes.byref(given),
            ctypes.byref(_layout(layout)),
            _Bytes.from_buffer(out),
            _U64(len(out)),
            counts,
            ctypes.byref(progress),
        )
        if progress.unfit:
            raise UnfitRow.of(progress.row, progress.column, progress.unfit)
        if progress.needed and progress.row == first:
            raise OutputTooSmall(progress.needed)
        return Transcoded(progress.row, progress.size)


def _rows(view: ctypes.Array[ctypes.c_char], buffer: bytearray, rows: RowTable) -> _Rows:
    """Return a struct that points into the buffer.

    The caller must keep `view` as long as it uses the struct: the view pins the buffer in memory.
    """
    return _Rows(
        buffer=ctypes.addressof(view),
        size=len(buffer),
        starts=ctypes.addressof(rows.starts),
        lengths=ctypes.addressof(rows.lengths),
        first=0,
        count=rows.count,
        emit=None,
    )


def _layout(layout: RowLayout) -> _Layout:
    return _Layout(
        fields=layout.packed,
        suffix=layout.suffix,
        suffix_size=len(layout.suffix),
        overhead=layout.overhead,
        column_count=len(layout.fields),
        walked_count=layout.walked_count,
        field_count=layout.field_count,
    )
