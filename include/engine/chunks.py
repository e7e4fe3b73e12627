"""Chunks: ranges of the key with the hash of the rows in them, kept from load to load.

Together the chunks of a table cover the whole key space: every row that can be inserted belongs to
exactly one of them, and changes the hash of that one only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import xxhash

from include.catalog.model import TableConfig
from include.ops.chunks import UNKNOWN, Chunk, Substitutions, in_key_order
from include.source.keys import KeyRange, PagingKey
from include.source.session_settings import CONTENT_SETTINGS
from include.source.statement import ResultBuffer

# To be changed whenever cells are converted differently: all chunks are compared again then.
TRANSCODER_VERSION = "binary-1"
# Neighbours that both hold less than this share of a full chunk's rows are merged.
MERGE_BELOW = 0.25

# One chunk over the whole key space, of unknown content.
EVERYTHING = Chunk(KeyRange(), 0, UNKNOWN)


def content_salt(table: TableConfig, key: PagingKey) -> bytes:
    """Return everything but the bytes read that decides how the rows look in the warehouse.

    It is part of every hash, so that a change of it makes all chunks differ.
    """
    facts = {
        "transcoder": TRANSCODER_VERSION,
        # The last one decides no byte, but without it every chunk would be compared again.
        "session": {**CONTENT_SETTINGS, "tx_read_only": "1"},
        "key": key.raw_names,
        "columns": [(c.name, c.source_type, c.warehouse_type) for c in table.replicated_columns],
        "cells": [(c.column, c.when_column, c.pattern) for c in table.excluded_cells],
    }
    return json.dumps(facts, sort_keys=True).encode()


def content_hash(salt: bytes, page: ResultBuffer) -> bytes:
    """Return a 128-bit hash of every byte of the page and of the order of its rows.

    The rows' lengths are hashed first, so that different pages never feed the same bytes.
    """
    digest = xxhash.xxh3_128(len(salt).to_bytes(8, "little") + salt)
    digest.update(memoryview(page.rows.lengths).cast("B")[: 8 * page.rows.count])
    digest.update(memoryview(page.data)[page.first : page.end])
    return digest.digest()


def row_seed(salt: bytes) -> int:
    """Return the seed of the hashes of single rows."""
    return xxhash.xxh3_64_intdigest(salt)


def plan_ranges(chunks: Sequence[Chunk], *, full_rows: int) -> list[Chunk]:
    """Return the chunks to read: the stored ones, with small neighbours merged.

    Without stored chunks it is one chunk over everything. A merged chunk's hash is unknown until
    it has been read as one.
    """
    planned: list[Chunk] = []
    for chunk in chunks:
        small = full_rows * MERGE_BELOW
        # A range that no chunk covers has no stored rows to merge with.
        are_known = planned and planned[-1].stored_ids and chunk.stored_ids
        if are_known and planned[-1].row_count < small and chunk.row_count < small:
            left = planned.pop()
            planned.append(
                Chunk(
                    KeyRange(left.bounds.lo, chunk.bounds.hi),
                    left.row_count + chunk.row_count,
                    UNKNOWN,
                    _sum([left.substitutions, chunk.substitutions]),
                    left.stored_ids + chunk.stored_ids,
                )
            )
        else:
            planned.append(chunk)
    return planned or [EVERYTHING]


def uncovered(chunks: Sequence[Chunk], bounds: KeyRange) -> list[KeyRange]:
    """Return the ranges within `bounds` that no chunk covers.

    All chunks must lie within `bounds`, in key order.
    """
    if not chunks:
        return [bounds]
    found: list[KeyRange] = []
    lo = bounds.lo
    for chunk in chunks:
        if chunk.bounds.lo != lo:
            found.append(KeyRange(lo, chunk.bounds.lo))
        lo = chunk.bounds.hi
    if lo != bounds.hi:
        found.append(KeyRange(lo, bounds.hi))
    return found


def filled(chunks: Sequence[Chunk], bounds: KeyRange, key: PagingKey) -> list[Chunk]:
    """Return the chunks, and one of unknown content for each range of `bounds` without a chunk."""
    gaps = [Chunk(gap, 0, UNKNOWN) for gap in uncovered(chunks, bounds)]
    return in_key_order([*chunks, *gaps], key) if gaps else list(chunks)


def without_empty(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Return the chunks that hold rows, extended over the empty ones: their hashes stay valid.

    An empty table keeps one chunk over the whole key space.
    """
    kept: list[Chunk] = []
    pending_lo = chunks[0].bounds.lo if chunks else None
    for chunk in chunks:
        if chunk.row_count:
            kept.append(replace(chunk, bounds=KeyRange(pending_lo, chunk.bounds.hi)))
            pending_lo = chunk.bounds.hi
    if not kept:
        return [replace(chunks[-1], bounds=KeyRange())] if chunks else []
    if chunks[-1].bounds.hi != kept[-1].bounds.hi:
        kept[-1] = replace(kept[-1], bounds=KeyRange(kept[-1].bounds.lo, chunks[-1].bounds.hi))
    return kept


def total_substitutions(chunks: Iterable[Chunk]) -> dict[tuple[str, str], int]:
    """Return how many values of the present rows were substituted, by column and rule."""
    return _sum(chunk.substitutions for chunk in chunks)


def _sum(many: Iterable[Substitutions]) -> dict[tuple[str, str], int]:
    total: dict[tuple[str, str], int] = {}
    for counts in many:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total
