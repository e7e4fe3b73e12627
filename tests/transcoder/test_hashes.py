"""Hashes are XXH3 of the row's bytes."""

from __future__ import annotations

import ctypes

import pytest
import xxhash

from include.transcoder.core import Core, Numbers, RowTable, UnfitRow
from tests.transcoder.wire_rows import table_of

SEED = 0xFEDC_BA98_7654_3210


def numbers(values: list[int]) -> Numbers:
    return (ctypes.c_uint64 * len(values))(*values)


def test_a_row_hash_is_the_xxh3_of_its_bytes(core: Core) -> None:
    payloads = [b"\x5a\xa5" * size for size in (0, 1, 3, 16, 17, 240, 241, 5000)]
    buffer, rows = table_of(payloads)
    hashes, sums = numbers([0] * len(payloads)), numbers([0, 0])
    core.hash_rows(buffer, rows, SEED, hashes)
    assert list(hashes) == [xxhash.xxh3_64_intdigest(p, SEED) for p in payloads]
    core.fold_rows(buffer, rows, SEED, sums)
    wide = [xxhash.xxh3_128_intdigest(p, SEED) for p in payloads]
    modulus = 1 << 64
    assert list(sums) == [
        sum(w % modulus for w in wide) % modulus,
        sum(w // modulus for w in wide) % modulus,
    ]


def test_the_fold_of_rows_depends_on_them_and_not_on_their_order(core: Core) -> None:
    payloads = [b"\0a", b"\0b", b"\0a"]
    folds = []
    for order in ([0, 1, 2], [2, 0, 1], [0, 1, 1], [0, 1]):
        sums = numbers([5, 7])
        core.fold_rows(*table_of([payloads[at] for at in order]), SEED, sums)
        folds.append(tuple(sums))
    assert folds[0] == folds[1]
    assert len(set(folds)) == 3


def test_a_row_outside_of_the_buffer_is_not_hashed(core: Core) -> None:
    buffer, rows = table_of([b"\0one", b"\0two"])
    rows.lengths[1] += 1
    for hashing, room in ((core.hash_rows, 2), (core.fold_rows, 2)):
        with pytest.raises(UnfitRow) as refusal:
            hashing(buffer, rows, SEED, numbers([0] * room))
        assert refusal.value.row == 1


def test_there_must_be_room_for_all_hashes(core: Core) -> None:
    with pytest.raises(ValueError, match="room"):
        core.hash_rows(*table_of([b"\0a", b"\0b"]), SEED, numbers([0]))
    core.hash_rows(bytearray(), RowTable(1), SEED, numbers([]))
