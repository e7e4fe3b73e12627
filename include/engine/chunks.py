"""Chunks: ranges of the key with the hash of what they held, kept from load to load.

Together the chunks of a table cover the whole key space, so that every row that can appear falls
into one of them, and a row that appears changes only that one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from psycopg.types.json import Jsonb

from include.catalog.model import TableConfig
from include.source.keys import KeyRange, PagingKey
from include.source.session import SESSION_SETTINGS
from include.warehouse.session import WarehouseConnection

# Whatever changes what a cell becomes in the warehouse must change this.
TRANSCODER_VERSION = "text-1"
# Neighbours that both hold less than this share of a full chunk become one.
MERGE_BELOW = 0.25
# Never equal to a digest: the content must be compared row by row.
UNKNOWN = b""

Substitutions = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One range of the key, how many rows it held, and their hash.

    `substitutions` counts the values that a rule changed, by column and rule.
    """

    bounds: KeyRange
    row_count: int
    content_hash: bytes
    substitutions: Substitutions = field(default_factory=dict)


def content_salt(table: TableConfig, key: PagingKey) -> bytes:
    """Return what else the rows in the warehouse depend on, apart from the bytes read."""
    facts = {
        "transcoder": TRANSCODER_VERSION,
        "session": SESSION_SETTINGS,
        "key": key.raw_names,
        "columns": [(c.name, c.source_type, c.warehouse_type) for c in table.replicated_columns],
        "cells": [(c.column, c.when_column, c.pattern) for c in table.excluded_cells],
    }
    return json.dumps(facts, sort_keys=True).encode()


def content_hash(salt: bytes, packed: Iterable[bytes]) -> bytes:
    """Return 128 bits that depend on every byte and on the order of the rows.

    Packed rows are cells with their lengths before them, so that no two different pages of a
    table are the same bytes.
    """
    digest = hashlib.blake2b(len(salt).to_bytes(8, "little") + salt, digest_size=16)
    digest.update(b"".join(packed))
    return digest.digest()


def plan_ranges(chunks: Sequence[Chunk], *, full_rows: int) -> list[Chunk]:
    """Return what to read: the stored chunks, small neighbours merged; nothing stored is all.

    A merged chunk's hash is unknown until it has been read as one.
    """
    planned: list[Chunk] = []
    for chunk in chunks:
        small = full_rows * MERGE_BELOW
        if planned and planned[-1].row_count < small and chunk.row_count < small:
            left = planned.pop()
            planned.append(
                Chunk(
                    KeyRange(left.bounds.lo, chunk.bounds.hi),
                    left.row_count + chunk.row_count,
                    UNKNOWN,
                    _sum([left.substitutions, chunk.substitutions]),
                )
            )
        else:
            planned.append(chunk)
    return planned or [Chunk(KeyRange(), 0, UNKNOWN)]


def without_empty(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Return the chunks that hold rows, stretched over the empty ones: their content is the same.

    An empty table keeps one chunk over everything.
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
    """Return how many values of the rows held now a rule changed, by column and rule."""
    return _sum(chunk.substitutions for chunk in chunks)


def read_chunks(connection: WarehouseConnection, raw_name: str, key: PagingKey) -> list[Chunk]:
    """Return the stored chunks in key order; nothing when they were made along another key."""
    rows = connection.execute(
        "select lo, hi, row_count, content_hash, substitutions, key_columns from ops.chunk "
        "where table_name = %s order by ordinal",
        (raw_name,),
    ).fetchall()
    if any(tuple(row[5]) != key.raw_names for row in rows):
        return []
    return [
        Chunk(
            KeyRange(tuple(lo) if lo else None, tuple(hi) if hi else None),
            row_count,
            bytes(digest),
            {(column, rule): n for column, rules in counts.items() for rule, n in rules.items()},
        )
        for lo, hi, row_count, digest, counts, _ in rows
    ]


def write_chunks(
    connection: WarehouseConnection, raw_name: str, key: PagingKey, chunks: Sequence[Chunk]
) -> None:
    """Replace the stored chunks, in the caller's transaction."""
    connection.execute("delete from ops.chunk where table_name = %s", (raw_name,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.chunk (table_name, ordinal, lo, hi, row_count, content_hash, "
            "substitutions, key_columns) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    raw_name,
                    ordinal,
                    _array(chunk.bounds.lo),
                    _array(chunk.bounds.hi),
                    chunk.row_count,
                    chunk.content_hash,
                    Jsonb(_nested(chunk.substitutions)),
                    list(key.raw_names),
                )
                for ordinal, chunk in enumerate(chunks)
            ],
        )


def _array(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _nested(counts: Substitutions) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (column, rule), count in counts.items():
        nested.setdefault(column, {})[rule] = count
    return nested


def _sum(many: Iterable[Substitutions]) -> dict[tuple[str, str], int]:
    total: dict[tuple[str, str], int] = {}
    for counts in many:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total
