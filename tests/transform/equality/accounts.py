"""What belongs to the accounts of some patients: their rows, and all that these rows name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from include.open_dental.schema import tables
from tests.transform.offices.neutral import neutral_row
from tests.transform.reports.practice import Practice, Row

Place = tuple[str, int]

_OWNER = "PatNum"
# A row says in another column which table such a key is of.
_LINKED = {1: "adjustment", 2: "procedurelog"}


def place_of(table: str, row: Row) -> Place:
    """Return where a row stands: its table and key."""
    return table, row[tables()[table].key]


def named_by(table: str, row: Row) -> Iterator[Place]:
    """Yield the places that a row names, whether or not something stands there."""
    for column in tables()[table].columns:
        if column.target is not None and row[column.name]:
            yield column.target, row[column.name]
    if "LinkType" in row and row["LinkType"] in _LINKED:
        yield _LINKED[row["LinkType"]], row["FKey"]


def is_owned(table: str) -> bool:
    """Whether the rows of a table are some patient's."""
    return _OWNER in neutral_row(table)


class Accounts:
    """The rows of an office by whose they are."""

    def __init__(self, practice: Practice) -> None:
        self._rows = {
            place_of(table, row): row for table in practice.tables for row in practice.rows(table)
        }
        self._named = {place: set(named_by(place[0], row)) for place, row in self._rows.items()}
        # What hangs on a patient's row without naming the patient: a snapshot, a link of a plan.
        self._hanging: Mapping[Place, list[Place]] = defaultdict(list)
        for place, named in self._named.items():
            if not is_owned(place[0]):
                for other in named:
                    if is_owned(other[0]):
                        self._hanging[other].append(place)
        attached = {place for hanging in self._hanging.values() for place in hanging}
        # Neither a patient's nor hanging on what is one's: the office's own lists and settings.
        self._common = {
            place for place in self._rows if not is_owned(place[0]) and place not in attached
        }

    def families(self) -> list[int]:
        """Return the guarantors whose families have rows, and 0 for patients that are gone."""
        return sorted({self._family(place) for place in self._rows if is_owned(place[0])})

    def of(self, families: Collection[int]) -> set[Place]:
        """Return the rows of families, all that these name, and what belongs to nobody."""
        wanted = set(families)
        found = set(self._common)
        pending = [p for p in self._rows if is_owned(p[0]) and self._family(p) in wanted]
        while pending:
            place = pending.pop()
            if place in self._rows and place not in found:
                found.add(place)
                pending += self._named[place]
                pending += self._hanging.get(place, ())
        return found

    def _family(self, place: Place) -> int:
        patient = self._rows.get(("patient", self._rows[place][_OWNER]))
        number: int = patient["Guarantor"] if patient is not None else 0
        return number
