"""The chunks of a table, with the hashes of their rows: `ops.chunk`.

Row hashes take a twentieth of the table's size, so they are not kept in memory: they are read for
changed chunks only, and written as soon as a chunk was read. Bounds and counts stay in memory.
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


# The content hash of a chunk that must be compared row by row: no digest equals it.
UNKNOWN = b""
EVERYWHERE = KeyRange()

Substitutions = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One range of the key, with the number and the hash of the rows that the source had in it.

    `substitutions` has the number of values that were substituted, by column and rule.
    `stored_ids` are the rows of `ops.chunk` that hold this range and its row hashes: several for
    a chunk that was merged, none for one that is not stored.
    """

    bounds: KeyRange
    row_count: int
    content_hash: bytes
    substitutions: Substitutions = field(default_factory=dict)
    stored_ids: tuple[int, ...] = ()


class ChunkStore:
    """The stored chunks of one table along one key, in the caller's transaction.

    With `bounds`, which need a key of one integer, chunks outside of them are neither returned nor
    changed.
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
        """Return the chunks in key order; none if they were made along another key."""
        rows = self._connection.execute(
            f"select {CHUNK_COLUMNS} from ops.chunk c where table_name = %s order by ordinal",  # noqa: S608
            (self._raw_name,),
        ).fetchall()
        return within(chunks_of(rows, self._key), self._bounds)

    def row_index(self, chunk: Chunk) -> list[bytes] | None:
        """Return what is stored of the chunk's single rows, if it is stored for all of it.

        There is one packed index or hash of keys (see `include.engine.row_index`) per stored row of
        the chunk, in key order.
        """
        rows = self._connection.execute(
            """
            select row_index
            from ops.chunk
            where chunk_id = any(%(ids)s)
            order by array_position(%(ids)s, chunk_id)
            """,
            {"ids": list(chunk.stored_ids)},
            binary=True,
        ).fetchall()
        packed = [bytes(index) for (index,) in rows if index is not None]
        return packed if packed and len(packed) == len(chunk.stored_ids) else None

    def add(self, chunk: Chunk, row_index: bytes | None, *, ordinal: int = -1) -> Chunk:
        """Store a chunk that was read, and return it with its id.

        Without `ordinal`, its place among the others is set by `arrange`.
        """
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
        """Delete the table's other stored chunks, and store the bounds and the order of these.

        Each of `chunks` must be stored as one row.
        """
        ids = [chunk.stored_ids[0] for chunk in chunks]
        # Only with bounds, because only the values of a key of one integer are numbers.
        after_lo = "and lo[1]::numeric >= %(lo)s::numeric" if self._bounds.lo else ""
        before_hi = "and hi[1]::numeric <= %(hi)s::numeric" if self._bounds.hi else ""
        self._connection.execute(
            f"""
            delete from ops.chunk
            where table_name = %(table)s and chunk_id <> all(%(ids)s)
                {after_lo}
                {before_hi}
            """,  # noqa: S608 - constant conditions
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
        """Delete every chunk of the table, whatever its key and bounds."""
        forget_chunks(self._connection, self._raw_name)


def forget_chunks(connection: WarehouseConnection, raw_name: str) -> None:
    """Delete every chunk of a table: its next load reads and compares all rows."""
    connection.execute("delete from ops.chunk where table_name = %s", (raw_name,))


def in_key_order(chunks: Iterable[Chunk], key: PagingKey) -> list[Chunk]:
    """Return the chunks in the order of their ranges.

    Only chunks along a key of one integer can be out of order, because only its ranges are loaded
    in parallel.
    """
    if not key.is_integer:
        return list(chunks)
    return sorted(chunks, key=_sort_key)


def chunks_of(rows: Sequence[Sequence[Any]], key: PagingKey) -> list[Chunk]:
    """Return the chunks in rows of CHUNK_COLUMNS; none if they were made along another key."""
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
    """Return the chunks that lie in `bounds` as a whole; a side that is None excludes nothing."""
    lo, hi = (None if side is None else int(side[0]) for side in (bounds.lo, bounds.hi))
    return [
        chunk
        for chunk in chunks
        if (lo is None or (chunk.bounds.lo is not None and int(chunk.bounds.lo[0]) >= lo))
        and (hi is None or (chunk.bounds.hi is not None and int(chunk.bounds.hi[0]) <= hi))
    ]


def _sort_key(chunk: Chunk) -> tuple[bool, int, bool, int]:
    """Sort by the range's begin, then by its end: an empty range comes before its neighbour."""
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
