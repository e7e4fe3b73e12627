"""Row indexes: the packed keys and hashes of a page's rows, and the comparison of two of them.

Only for pages whose key is one integer. Keys are passed as COPY tuples of the key alone, so that
only the core has to know the encoding of rows. The compiled library is used where it is built;
plain Python makes the same bytes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from include.transcoder import build
from include.transcoder.rows import Numbers

COUNT_BYTES = 4
HASH_BYTES = 8
_SIGN = 1 << 63
_FULL = (1 << 64) - 1
# The field count (2 bytes) and the length (4 bytes) precede the value.
_FIELD_START = 6
_LONGEST_DISTANCE = 10


class KeyOrderError(Exception):
    """The keys of a page do not ascend, so the page was not read in the order of its key."""


class MalformedIndexError(Exception):
    """The bytes are not a valid packed index."""


@dataclass(frozen=True, slots=True)
class KeyTuples:
    """The keys of `count` rows as COPY tuples of one integer of `width` bytes, and their hashes."""

    data: bytearray
    width: int
    hashes: Numbers
    count: int

    def __iter__(self) -> Iterator[int]:
        """Yield the keys."""
        step = _FIELD_START + self.width
        for row in range(self.count):
            start = row * step + _FIELD_START
            yield int.from_bytes(self.data[start : start + self.width], "big", signed=True)


@dataclass(frozen=True, slots=True)
class IndexChanges:
    """The number of changed rows, the number of new rows, and the keys of deleted rows."""

    changed: int
    inserted: int
    vanished: Sequence[int]


def pack(rows: KeyTuples, *, compiled: bool | None = None) -> bytes:
    """Return the packed index. Raises KeyOrderError."""
    _check(rows)
    library = _library(compiled)
    if library is None:
        return _pack(rows)
    out = ctypes.create_string_buffer(COUNT_BYTES + rows.count * (_LONGEST_DISTANCE + HASH_BYTES))
    size = library.dental_index_pack(
        _address(rows.data),
        ctypes.c_uint32(rows.width),
        rows.hashes,
        ctypes.c_uint64(rows.count),
        out,
    )
    if size < 0:
        raise KeyOrderError
    return out.raw[:size]


def compare(
    old: Sequence[bytes],
    rows: KeyTuples,
    flags: bytearray,
    *,
    bounds: tuple[int | None, int | None],
    compiled: bool | None = None,
) -> IndexChanges:
    """Flag the rows that are new or changed against the packed indexes `old`, given in key order.

    Only old keys greater than `bounds[0]` and at most `bounds[1]` are compared; None leaves an end
    open. Raises MalformedIndexError.
    """
    _check(rows)
    if len(flags) < rows.count:
        raise ValueError("there are more rows than flags")
    first = 0 if bounds[0] is None else bounds[0] + _SIGN + 1
    last = _FULL if bounds[1] is None else bounds[1] + _SIGN
    library = _library(compiled)
    if library is None:
        return _compare(old, rows, flags, first=first, last=last)
    counts = [_count(part) for part in old]
    total = sum(counts)
    keys, hashes = (ctypes.c_uint64 * total)(), (ctypes.c_uint64 * total)()
    at = 0
    for part, count in zip(old, counts, strict=True):
        if library.dental_index_unpack(
            part,
            ctypes.c_uint64(len(part)),
            ctypes.c_uint64(count),
            ctypes.byref(keys, 8 * at),
            ctypes.byref(hashes, 8 * at),
        ):
            raise MalformedIndexError
        at += count
    vanished, found = (ctypes.c_uint64 * total)(), (ctypes.c_uint64 * 3)()
    library.dental_index_compare(
        ctypes.byref(
            _OldRows(ctypes.addressof(keys), ctypes.addressof(hashes), total, first, last)
        ),
        _address(rows.data),
        ctypes.c_uint32(rows.width),
        rows.hashes,
        ctypes.c_uint64(rows.count),
        _address(flags),
        vanished,
        found,
    )
    return IndexChanges(found[0], found[1], [key - _SIGN for key in vanished[: found[2]]])


class _OldRows(ctypes.Structure):
    _fields_ = (
        ("keys", ctypes.c_void_p),
        ("hashes", ctypes.c_void_p),
        ("count", ctypes.c_uint64),
        ("first", ctypes.c_uint64),
        ("last", ctypes.c_uint64),
    )


@cache
def _compiled() -> Any:
    path = build.library_path()
    if not path.exists():
        return None
    library = ctypes.CDLL(str(path))
    library.dental_index_pack.restype = ctypes.c_int64
    return library


def _library(compiled: bool | None) -> Any:
    return None if compiled is False else _compiled()


def _address(data: bytearray) -> Any:
    return (ctypes.c_char * len(data)).from_buffer(data)


def _check(rows: KeyTuples) -> None:
    if rows.count > len(rows.hashes) or rows.count * (_FIELD_START + rows.width) > len(rows.data):
        raise ValueError("the keys or their hashes are fewer than announced")


def _count(packed: bytes) -> int:
    count = int.from_bytes(packed[:COUNT_BYTES], "little")
    # A distance takes a byte at least.
    if len(packed) < COUNT_BYTES + count * (1 + HASH_BYTES):
        raise MalformedIndexError
    return count


def _pack(rows: KeyTuples) -> bytes:
    out = bytearray(rows.count.to_bytes(COUNT_BYTES, "little"))
    last = -1
    for key in rows:
        ordered = key + _SIGN
        if ordered <= last:
            raise KeyOrderError
        distance = ordered - max(last, 0)
        while distance >= 0x80:
            out.append(distance & 0x7F | 0x80)
            distance >>= 7
        out.append(distance)
        last = ordered
    for number in rows.hashes[: rows.count]:
        out += number.to_bytes(HASH_BYTES, "little")
    return bytes(out)


def _unpack(packed: bytes) -> Iterator[tuple[int, int]]:
    count = _count(packed)
    at = COUNT_BYTES
    start = len(packed) - HASH_BYTES * count
    key = 0
    for row in range(count):
        shift = distance = 0
        while True:
            if at >= start or shift > 63:
                raise MalformedIndexError
            byte = packed[at]
            at += 1
            distance |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        key = key + distance & _FULL
        place = start + HASH_BYTES * row
        yield key, int.from_bytes(packed[place : place + HASH_BYTES], "little")
    if at != start:
        raise MalformedIndexError


def _compare(
    old: Sequence[bytes], rows: KeyTuples, flags: bytearray, *, first: int, last: int
) -> IndexChanges:
    before = {key: digest for part in old for key, digest in _unpack(part) if first <= key <= last}
    changed = inserted = 0
    for row, key in enumerate(rows):
        known = before.pop(key + _SIGN, None)
        flags[row] = known != rows.hashes[row]
        inserted += known is None
        changed += known is not None and bool(flags[row])
    return IndexChanges(changed, inserted, [key - _SIGN for key in sorted(before)])
