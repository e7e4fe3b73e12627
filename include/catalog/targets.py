"""What one task of a refresh loads, and how: a table, or one range of a large table's key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from include.names import shown

_LABEL_LETTERS = 200

# Whether a load trusts the hashes of earlier loads or compares every row.
Mode = Literal["compare", "full"]


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """A table by its name in the source, or one of `range_count` ranges of a split table's key.

    As text it is a label for people, which two tables may share.
    """

    table: str
    range_number: int | None = None
    range_count: int = 1

    def __str__(self) -> str:
        # Airflow keeps 250 letters of the label that it makes of this.
        name = shown(self.table)[:_LABEL_LETTERS]
        if self.range_number is None:
            return name
        return f"{name} ({self.range_number}/{self.range_count})"


def targets_of(tables: Sequence[str], splits: Mapping[str, int]) -> Iterator[LoadTarget]:
    """Yield the targets of the tables in their order; `splits` are the ranges of those split."""
    for table in tables:
        count = splits.get(table)
        if count is None:
            yield LoadTarget(table)
        else:
            yield from (LoadTarget(table, number, count) for number in range(1, count + 1))
