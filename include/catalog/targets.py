"""What one task of a refresh loads, and how: a table, or one range of a large table's key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

# Whether a load trusts the hashes of earlier loads or compares every row.
Mode = Literal["compare", "full"]


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """A table by its name in the source; `part` of `parts` ranges when it is split."""

    table: str
    part: int | None = None
    parts: int = 1

    def __str__(self) -> str:
        return self.table if self.part is None else f"{self.table} ({self.part}/{self.parts})"


def targets_of(tables: Sequence[str], splits: Mapping[str, int]) -> Iterator[LoadTarget]:
    """Yield the targets of the tables in their order; `splits` are the ranges of those split."""
    for table in tables:
        parts = splits.get(table)
        if parts is None:
            yield LoadTarget(table)
        else:
            yield from (LoadTarget(table, part, parts) for part in range(1, parts + 1))
