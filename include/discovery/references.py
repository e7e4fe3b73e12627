"""Which column points to which table, inferred from names and types: the database declares none.

A column is read as words (`OrderingReferralNum` = ordering, referral, num). It points to a table
when its words hold that table's key (`ReferralNum`), the table's own name, the stem of its key
(`Prov` of `ProvNum`) or a role from the vocabulary (`Guarantor`), and its type can hold the key.
The longest match wins. Some columns point to another row of the same table (self), some to a table
that another column names (polymorphic), and some hold a code by its text (natural).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from include.discovery import vocabulary
from include.source.structure import ColumnStructure, TableStructure

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_INTEGER_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
_TEXT = frozenset({"char", "varchar", "text", "tinytext", "mediumtext"})
# A shorter tail of a name says too little to find a table by its ending.
TAIL_LETTERS = 6
STEM_LETTERS = 3


class ReferenceKind(StrEnum):
    """How a column points to its table."""

    KEY = "key"
    SELF = "self"
    NATURAL = "natural"
    POLYMORPHIC = "polymorphic"


@dataclass(frozen=True, slots=True)
class Reference:
    """`table.column` points to `target`; `rule` says by what it was found.

    A polymorphic reference has no target, but may name the column that tells it (`told_by`).
    """

    table: str
    column: str
    kind: ReferenceKind
    rule: str
    target: str | None = None
    told_by: str | None = None


def words(name: str) -> tuple[str, ...]:
    """Split a name at capitals, digits and underscores, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


def infer_references(structures: Mapping[str, TableStructure]) -> tuple[Reference, ...]:
    """Return the references of all tables, in the order of tables and columns."""
    inference = _Inference(structures)
    found = []
    for _, table in sorted(structures.items()):
        for column in table.columns:
            reference = inference.of(table, column)
            if reference is not None:
                found.append(reference)
    return tuple(found)


class _Inference:
    """The names by which the tables of one schema can be pointed to."""

    def __init__(self, structures: Mapping[str, TableStructure]) -> None:
        self.tables = {
            "".join(words(name)) or name: table for name, table in sorted(structures.items())
        }
        self.owners = _key_owners(structures)
        self.stems = {
            stem: table
            for key, table in self.owners.items()
            if (stem := _without_suffix(words(key_name(table)))) and stem != key
        }
        self.text_columns: dict[str, list[TableStructure]] = defaultdict(list)
        for table in self.tables.values():
            for column in table.columns:
                if column.data_type in _TEXT:
                    self.text_columns[column.name.lower()].append(table)

    def of(self, table: TableStructure, column: ColumnStructure) -> Reference | None:
        """Return what the column points to, or None."""
        name = column.name.lower()
        owner = self.owners.get(name) or self.owners.get("".join(words(column.name)))
        if column.name in table.primary_key and len(table.primary_key) == 1:
            if owner is None or owner is table or not _fits(column, owner):
                return None
            return _to(table, column, owner, "the key of another table is its own key")
        if column.data_type in _TEXT:
            return self._natural(table, column)
        if column.data_type not in _INTEGER_BYTES:
            return None
        if owner is not None and _fits(column, owner):
            return _to(table, column, owner, "named like the key")
        if name in vocabulary.POLYMORPHIC or words(column.name)[-1:] == ("fk",):
            return Reference(
                table.name,
                column.name,
                ReferenceKind.POLYMORPHIC,
                "named like the key of any table",
                told_by=_discriminator(table, column),
            )
        found = self._by_words(table, words(column.name))
        if found is not None and _is_key_sized(column, found[0]):
            return _to(table, column, *found)
        return None

    def _by_words(
        self, table: TableStructure, parts: tuple[str, ...]
    ) -> tuple[TableStructure, str] | None:
        while parts and (parts[-1].isdigit() or parts[-1] in vocabulary.ORDINALS):
            parts = parts[:-1]
        leading = self._first(vocabulary.LEADING_ROLES.get(parts[0] if parts else "", ()))
        if leading is not None:
            return leading, "a role"
        has_suffix = bool(parts) and parts[-1] in vocabulary.KEY_SUFFIXES
        stemmed = parts[:-1] if has_suffix else parts
        for start, end in _spans(len(parts)):
            target = self.owners.get("".join(parts[start:end]))
            if target is not None:
                return target, "holds the key's name"
        if stemmed and (named := self.tables.get("".join(stemmed))) is not None:
            return named, "named like the table"
        if stemmed and stemmed[-1] in vocabulary.CODE_WORDS:
            codes = self._first(vocabulary.CODE_TABLES)
            if codes is not None and codes is not table:
                return codes, "named like a code"
        return self._by_stem(table, stemmed, has_suffix=has_suffix)

    def _by_stem(
        self, table: TableStructure, parts: tuple[str, ...], *, has_suffix: bool
    ) -> tuple[TableStructure, str] | None:
        count = len(parts)
        for start, end in _spans(count):
            # Only the beginning or the end of a name says what it is about.
            if start != 0 and end != count:
                continue
            text = "".join(parts[start:end])
            role = self._first(vocabulary.ROLES.get(text, ()))
            if role is not None:
                return role, "a role"
            if text in self.tables and (has_suffix or len(text) >= TAIL_LETTERS):
                return self.tables[text], "holds the table's name"
            ending = [name for name in self.tables if name.endswith(text)]
            if end == count and end - start > 1 and len(text) >= TAIL_LETTERS and len(ending) == 1:
                return self.tables[ending[0]], "ends like the table"
            if text in self.stems and len(text) >= STEM_LETTERS:
                return self.stems[text], "holds the stem of the key"
        if count == 1 and parts[0] in vocabulary.SELF_WORDS:
            return table, "a word for a row of the same table"
        return None

    def _natural(self, table: TableStructure, column: ColumnStructure) -> Reference | None:
        """A text that holds what another table lists: its name, or a code named in both."""
        name = column.name.lower()
        parts = words(column.name) or ("",)
        found = [(self._first(vocabulary.NATURAL_KEYS.get(name, ())), "a code")]
        for end in range(len(parts), 0, -1):
            named = "".join(parts[:end])
            # `CarrierName` is a copy of a name; `County` holds one of the names listed.
            is_copy = parts[end : end + 1] == ("name",)
            if not is_copy and self.tables.get(named) in self.text_columns[f"{named}name"]:
                found.append((self.tables[named], "begins with the name of a table of names"))
        if parts[-1] == "name" and table.name.lower().endswith(parts[0]):
            listed = self.tables.get(f"{table.name.lower()}def")
            if listed in self.text_columns[name]:
                found.append((listed, "a name that the table's definitions list"))
        if parts[-1] == "code":
            listed = next(
                (t for t in self.text_columns[name] if t.name.lower().startswith(parts[0])), None
            )
            found.append((listed, "a code that another table lists under the same name"))
        for target, rule in found:
            if target is not None and (target is not table or rule == "a code"):
                return Reference(table.name, column.name, ReferenceKind.NATURAL, rule, target.name)
        return None

    def _first(self, names: tuple[str, ...]) -> TableStructure | None:
        return next((self.tables[name] for name in names if name in self.tables), None)


def key_name(table: TableStructure) -> str:
    """Return the name of a key of one integer column, or an empty text."""
    if len(table.primary_key) != 1:
        return ""
    column = table.column(table.primary_key[0])
    return column.name if column.data_type in _INTEGER_BYTES else ""


def _key_owners(structures: Mapping[str, TableStructure]) -> dict[str, TableStructure]:
    """Return the table that each key belongs to.

    Where several tables have a key of the same name, it belongs to the one that hands the numbers
    out, then to the one whose name begins like it, then to the shortest name.
    """
    holders: dict[str, list[TableStructure]] = defaultdict(list)
    for table in structures.values():
        name = key_name(table)
        if name:
            holders["".join(words(name))].append(table)
            if name.lower() in vocabulary.KEY_SUFFIXES:
                # Tables keyed by a bare `id` are pointed to by their own names, or one of them.
                own = "".join(words(table.name))
                for called in {own, own.removesuffix("s"), own.removesuffix("es")}:
                    holders[f"{called}{name.lower()}"].append(table)
    owners = {}
    for name, tables in holders.items():
        if name in vocabulary.KEY_SUFFIXES:
            continue
        owners[name] = min(
            tables,
            key=lambda table: (
                "auto_increment" not in table.column(table.primary_key[0]).extra,
                not table.name.lower().startswith((words(key_name(table)) or ("",))[0]),
                len(table.name),
                table.name,
            ),
        )
    return owners


def _without_suffix(parts: tuple[str, ...]) -> str:
    return "".join(parts[:-1] if parts and parts[-1] in vocabulary.KEY_SUFFIXES else parts)


def _spans(count: int) -> list[tuple[int, int]]:
    """All runs of words, longest first, then those nearest the end."""
    return sorted(
        ((start, end) for start in range(count) for end in range(start + 1, count + 1)),
        key=lambda span: (span[0] - span[1], -span[1]),
    )


def _fits(column: ColumnStructure, target: TableStructure) -> bool:
    """Whether a column named like a key can hold it; some schemas are narrower than the key."""
    return _INTEGER_BYTES.get(column.data_type, 0) >= min(
        2, _INTEGER_BYTES[target.column(target.primary_key[0]).data_type]
    )


def _is_key_sized(column: ColumnStructure, target: TableStructure) -> bool:
    """Whether the column has the key's own type, which a looser match needs."""
    name = key_name(target)
    return bool(name) and target.column(name).data_type == column.data_type


def _to(
    table: TableStructure, column: ColumnStructure, target: TableStructure, rule: str
) -> Reference:
    kind = ReferenceKind.SELF if target is table else ReferenceKind.KEY
    return Reference(table.name, column.name, kind, rule, target.name)


def _discriminator(table: TableStructure, column: ColumnStructure) -> str | None:
    """Return the column that most likely names the target: by its first word, then the nearest."""
    position = [c.name for c in table.columns].index(column.name)
    first = {*words(column.name)[:1], *vocabulary.DISCRIMINATOR_WORDS}
    candidates = [
        (words(other.name)[0] not in first, abs(index - position), other.name)
        for index, other in enumerate(table.columns)
        if index != position and _names_a_kind(other)
    ]
    return min(candidates)[2] if candidates else None


def _names_a_kind(column: ColumnStructure) -> bool:
    return words(column.name)[-1:] == ("type",) and (
        column.data_type in _TEXT or column.data_type in ("tinyint", "smallint", "enum")
    )
