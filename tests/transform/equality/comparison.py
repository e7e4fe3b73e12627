"""The rows of a mart beside those of the second calculation, cell by cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
Key = tuple[Any, ...]

NOT_COMPARED = "quality_reason"
# So many differences of a mart are written out.
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell, or one whole row, that only one of both sides has as it is."""

    key: Row
    column: str
    in_mart: Any
    calculated: Any

    def __str__(self) -> str:
        where = ", ".join(f"{name} {value}" for name, value in self.key.items())
        return f"{where}: {self.column}: mart {self.in_mart}, calculation {self.calculated}"


@dataclass(frozen=True, slots=True)
class MartComparison:
    """What came of one mart; without rows on both sides nothing was proven."""

    mart: str
    rows: int
    differences: Sequence[Difference]

    def __str__(self) -> str:
        count = len(self.differences)
        shown = "".join(f"\n    {one}" for one in self.differences[:_SHOWN])
        return f"{self.mart}: {count} differences over {self.rows} rows{shown}"


def compare(
    mart: str, *, in_mart: Sequence[Row], calculated: Sequence[Row], key: Sequence[str]
) -> MartComparison:
    """Compare both sides as sets of rows; rows of one key, should there be several, in any order.

    The mart may have one column more, the text of a key of several columns or of a day that may be
    empty, and its `quality_reason`; every other column must stand on both sides.
    """
    surplus = _columns(in_mart) - _columns(calculated) - {NOT_COMPARED}
    is_key_textual = len(key) > 1 or key[0].endswith("_on")
    if is_key_textual and len(surplus) == 1 and all(name.endswith("_id") for name in surplus):
        surplus = set()
    if in_mart and calculated and (wrong := surplus ^ (_columns(calculated) - _columns(in_mart))):
        names = ", ".join(sorted(wrong))
        return MartComparison(mart, 0, [Difference({}, "columns", "", f"not on both: {names}")])
    compared = sorted(_columns(calculated) or _columns(in_mart) - {NOT_COMPARED})
    ours, theirs = _by_key(in_mart, key), _by_key(calculated, key)
    return MartComparison(
        mart,
        max(len(in_mart), len(calculated)),
        [
            difference
            for one in sorted(ours.keys() | theirs.keys(), key=repr)
            for difference in _differences(
                dict(zip(key, one, strict=True)), ours[one], theirs[one], compared
            )
        ],
    )


def _differences(
    key: Row, ours: Sequence[Row], theirs: Sequence[Row], columns: Sequence[str]
) -> Iterator[Difference]:
    left = [{name: _plain(row.get(name)) for name in columns} for row in ours]
    right = []
    for row in theirs:
        plain = {name: _plain(row.get(name)) for name in columns}
        if plain in left:
            left.remove(plain)
        else:
            right.append(plain)
    for number in range(max(len(left), len(right))):
        if number >= len(right):
            yield Difference(key, "row", "there", "missing")
        elif number >= len(left):
            yield Difference(key, "row", "missing", "there")
        else:
            for name in columns:
                if left[number][name] != right[number][name]:
                    yield Difference(key, name, left[number][name], right[number][name])


def _by_key(rows: Sequence[Row], key: Sequence[str]) -> Mapping[Key, list[Row]]:
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(_plain(row.get(name)) for name in key)].append(row)
    return groups


def _columns(rows: Sequence[Row]) -> set[str]:
    return set(rows[0]) if rows else set()


def _plain(value: Any) -> Any:
    """Return a value as both sides have it: a moment with a zone as the office's, which is UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
