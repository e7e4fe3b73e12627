"""The chunks of a table, with the hashes of their rows: `ops.chunk`.

Row hashes are as large as a twentieth of the table, so they are read for changed chunks only and
written as soon as they are known; bounds and counts are small and stay in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg.types.json import Jsonb

from include.source.keys import KeyRange, PagingKey
from include.warehouse.session import WarehouseConnection

CHUNK_COLUMNS = (
    "c.chunk_id, c.lo, c.hi, c.row_count, c.content_hash, c.substitutions, c.key_columns"
)


# Never equal to a digest: the content must be compared row by row.
UNKNOWN = b""
EVERYWHERE = KeyRange()

Substitutions = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One range of the key, how many rows it held, and their hash.

    `substitutions` counts the values that a rule changed, by column and rule. `stored_ids` are the
    rows of `ops.chunk` that hold this range and the hashes of its rows; a chunk that was read
    since has none.
    """

    bounds: KeyRange
    row_count: int
    content_hash: bytes
    substitutions: Substitutions = field(default_factory=dict)
    stored_ids: tuple[int, ...] = ()


class ChunkStore:
    """The stored chunks of one table along one key, in the caller's transaction.

    With `bounds`, only those of that range, along a key of one whole number: others are neither
    returned nor touched.
    """

    def __init__(
        self,
        connection: WarehouseConnection,
        raw_name: str,
        key: PagingKey,
        *,
        bounds: KeyRange = EVERYWHERE,
    ) -> None:
        self._connection = connection
        self._raw_name = raw_name
        self._key = key
        self._bounds = bounds

    def read(self) -> list[Chunk]:
        """Return the chunks in key order; nothing when they were made along another key."""
        rows = self._connection.execute(
            f"select {CHUNK_COLUMNS} from ops.chunk c where table_name = %s order by ordinal",  # noqa: S608
            (self._raw_name,),
        ).fetchall()
        return within(chunks_of(rows, self._key), self._bounds)

    def row_index(self, chunk: Chunk) -> list[bytes] | None:
        """Return the keys and hashes of the chunk's rows, in parts in key order, if all are known.

        The parts are what `include.transcoder` packs.
        """
        rows = self._connection.execute(
            """
            select row_index from ops.chunk
            where chunk_id = any(%(ids)s)
            order by array_position(%(ids)s, chunk_id)
            """,
            {"ids": list(chunk.stored_ids)},
            binary=True,
        ).fetchall()
        parts = [bytes(part) for (part,) in rows if part is not None]
        return parts if parts and len(parts) == len(chunk.stored_ids) else None

    def add(self, chunk: Chunk, row_index: bytes | None, *, ordinal: int = -1) -> Chunk:
        """Store a chunk that was read; returns it with its id. Its place may still be open."""
        row = self._connection.execute(
            """
            insert into ops.chunk (
                table_name, ordinal, lo, hi, row_count, content_hash, substitutions, key_columns,
                row_index
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s, %b)
            returning chunk_id
            """,
            (
                self._raw_name,
                ordinal,
                _array(chunk.bounds.lo),
                _array(chunk.bounds.hi),
                chunk.row_count,
                chunk.content_hash,
                Jsonb(_nested(chunk.substitutions)),
                list(self._key.raw_names),
                row_index,
            ),
        ).fetchone()
        if row is None:
            raise RuntimeError("the insert returned no row")
        return replace(chunk, stored_ids=(int(row[0]),))

    def arrange(self, chunks: Sequence[Chunk]) -> None:
        """Make `chunks`, each stored as one row, the table's only ones, with bounds and order."""
        ids = [chunk.stored_ids[0] for chunk in chunks]
        self._connection.execute(
            "delete from ops.chunk where table_name = %(table)s and chunk_id <> all(%(ids)s)"  # noqa: S608
            # Only a key of one whole number has bounds that are numbers.
            + (" and lo[1]::numeric >= %(lo)s::numeric" if self._bounds.lo else "")
            + (" and hi[1]::numeric <= %(hi)s::numeric" if self._bounds.hi else ""),
            {
                "table": self._raw_name,
                "ids": ids,
                "lo": self._bounds.lo[0] if self._bounds.lo else None,
                "hi": self._bounds.hi[0] if self._bounds.hi else None,
            },
        )
        self._connection.execute(
            """
            update ops.chunk c set
                ordinal = n.ordinal, lo = n.lo::text[], hi = n.hi::text[]
            from (
                select *
                from unnest(%s::bigint[], %s::text[], %s::text[])
                    with ordinality as n (chunk_id, lo, hi, ordinal)
            ) n
            where c.chunk_id = n.chunk_id
            """,
            (
                ids,
                [_literal(chunk.bounds.lo) for chunk in chunks],
                [_literal(chunk.bounds.hi) for chunk in chunks],
            ),
        )

    def clear(self) -> None:
        """Forget every chunk of the table, along whatever key."""
        forget_chunks(self._connection, self._raw_name)


def forget_chunks(connection: WarehouseConnection, raw_name: str) -> None:
    """Forget every chunk of a table: its next load reads and compares all rows."""
    connection.execute("delete from ops.chunk where table_name = %s", (raw_name,))


def in_key_order(chunks: Iterable[Chunk], key: PagingKey) -> list[Chunk]:
    """Return the chunks as their ranges follow each other.

    Only those along one whole number can be out of order: ranges of it are loaded side by side.
    """
    if not key.is_integer:
        return list(chunks)
    return sorted(chunks, key=_place)


def chunks_of(rows: Sequence[Sequence[Any]], key: PagingKey) -> list[Chunk]:
    """Return what rows of CHUNK_COLUMNS say; nothing when they were made along another key."""
    if any(tuple(row[6]) != key.raw_names for row in rows):
        return []
    chunks = [
        Chunk(
            KeyRange(tuple(lo) if lo else None, tuple(hi) if hi else None),
            row_count,
            bytes(digest),
            {(column, rule): n for column, rules in counts.items() for rule, n in rules.items()},
            (chunk_id,),
        )
        for chunk_id, lo, hi, row_count, digest, counts, _ in rows
    ]
    return in_key_order(chunks, key)


def within(chunks: Sequence[Chunk], bounds: KeyRange) -> list[Chunk]:
    """Return the chunks that lie in `bounds` as a whole; every chunk lies in the open range."""
    lo, hi = (None if side is None else int(side[0]) for side in (bounds.lo, bounds.hi))
    return [
        chunk
        for chunk in chunks
        if (lo is None or (chunk.bounds.lo is not None and int(chunk.bounds.lo[0]) >= lo))
        and (hi is None or (chunk.bounds.hi is not None and int(chunk.bounds.hi[0]) <= hi))
    ]


def _place(chunk: Chunk) -> tuple[bool, int, bool, int]:
    """Sort by the range; one that ends where it begins comes before its neighbour."""
    lo, hi = chunk.bounds.lo, chunk.bounds.hi
    return lo is not None, int(lo[0]) if lo else 0, hi is None, int(hi[0]) if hi else 0


def _array(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _literal(values: Sequence[str] | None) -> str | None:
    """Write an array as PostgreSQL does, because an array of arrays must be rectangular."""
    if values is None:
        return None
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _nested(counts: Substitutions) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (column, rule), count in counts.items():
        nested.setdefault(column, {})[rule] = count
    return nested
