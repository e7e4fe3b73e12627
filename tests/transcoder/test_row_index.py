"""Row indexes: both implementations make the same bytes and find the same changes."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.transcoder import row_index
from include.transcoder.row_index import (
    IndexChanges,
    KeyOrderError,
    KeyTuples,
    MalformedIndexError,
)

FORMATS = {2: ">h", 4: ">i", 8: ">q"}
BOTH = (True, False)

Rows = Mapping[int, int]


def tuples(rows: Sequence[tuple[int, int]], width: int) -> KeyTuples:
    """Keys as the transcoder writes them, with their hashes."""
    data = bytearray().join(
        struct.pack(">hi", 1, width) + struct.pack(FORMATS[width], key) for key, _ in rows
    )
    hashes = (ctypes.c_uint64 * max(len(rows), 1))(*(digest for _, digest in rows))
    # ctypes takes the address of a byte at least.
    return KeyTuples(data or bytearray(1), width, hashes, len(rows))


def packed(rows: Rows, width: int) -> bytes:
    made = {row_index.pack(tuples(sorted(rows.items()), width), compiled=c) for c in BOTH}
    assert len(made) == 1
    return made.pop()


def compared(
    old: Sequence[bytes], new: Rows, width: int, bounds: tuple[int | None, int | None]
) -> tuple[IndexChanges, bytes]:
    rows = tuples(sorted(new.items()), width)
    found = []
    for compiled in BOTH:
        flags = bytearray(len(new))
        changes = row_index.compare(old, rows, flags, bounds=bounds, compiled=compiled)
        found.append((changes, bytes(flags)))
    assert found[0] == found[1]
    return found[0]


@st.composite
def two_states(draw: st.DrawFn) -> tuple[int, Rows, Rows]:
    """A width, and what a range held before and holds now: keys with the hashes of their rows."""
    width = draw(st.sampled_from(sorted(FORMATS)))
    limit = 1 << (8 * width - 1)
    keys = st.one_of(
        st.integers(-limit, limit - 1),
        st.integers(-3, 20),
        st.sampled_from([-limit, limit - 1, -1, 0]),
    )
    hashes = st.one_of(st.integers(0, 3), st.integers(0, (1 << 64) - 1))
    states = st.dictionaries(keys, hashes, max_size=30)
    before = draw(states)
    kept = {key: digest for key, digest in before.items() if draw(st.integers(0, 3))}
    return width, before, kept | draw(states)


@given(two_states(), st.integers(0, 30))
def test_what_is_new_different_and_gone_is_found(states: tuple[int, Rows, Rows], cut: int) -> None:
    width, before, now = states
    keys = sorted(before)
    parts = [packed({k: before[k] for k in part}, width) for part in (keys[:cut], keys[cut:])]
    changes, flags = compared(parts, now, width, (None, None))
    assert [bool(flag) for flag in flags] == [before.get(key) != now[key] for key in sorted(now)]
    assert changes == IndexChanges(
        changed=sum(key in before and before[key] != now[key] for key in now),
        inserted=len(set(now) - set(before)),
        vanished=sorted(set(before) - set(now)),
    )


@given(two_states(), st.integers(-5, 25), st.integers(0, 20))
def test_only_keys_within_the_bounds_count(
    states: tuple[int, Rows, Rows], lo: int, size: int
) -> None:
    width, before, now = states
    within = {key: digest for key, digest in now.items() if lo < key <= lo + size}
    changes, _ = compared([packed(before, width)], within, width, (lo, lo + size))
    gone = sorted(key for key in before if lo < key <= lo + size and key not in within)
    assert changes.vanished == gone


@pytest.mark.parametrize("compiled", BOTH)
def test_keys_that_do_not_ascend_are_refused(compiled: bool) -> None:
    for keys in ([1, 1], [2, 1], [0, -1]):
        with pytest.raises(KeyOrderError):
            row_index.pack(tuples([(key, 0) for key in keys], 8), compiled=compiled)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_index_are_refused_alike(garbage: bytes) -> None:
    outcomes: list[IndexChanges | None] = []
    for compiled in BOTH:
        try:
            found = row_index.compare(
                [garbage], tuples([], 8), bytearray(1), bounds=(None, None), compiled=compiled
            )
            outcomes.append(found)
        except MalformedIndexError:
            outcomes.append(None)
    # The plain one keeps a key once; random bytes that repeat one are an index to neither's harm.
    assert (outcomes[0] is None) == (outcomes[1] is None)


def test_an_index_is_about_nine_bytes_a_row() -> None:
    rows = {key: key * 0x9E3779B97F4A7C15 % (1 << 64) for key in range(1_000_000, 1_020_000)}
    assert len(packed(rows, 8)) < 9.01 * len(rows)
