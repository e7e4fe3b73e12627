"""Which column points to which table: declared by a foreign key, documented, or else guessed.

A practice's database declares no foreign keys, so what its documentation passes over is guessed
from names and types. A column is read as words (`OrderingReferralNum` = ordering, referral, num).
It points to a table when its words hold that table's key (`ReferralNum`), the table's own name, the
stem of its key (`Prov` of `ProvNum`) or a role from the vocabulary (`Guarantor`), and its type can
hold the key. The longest match wins; one that could mean several tables means none. Some columns
point to another row of the same table (self), some to a table that another column names
(polymorphic), and some hold a code by its text (natural).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from include.catalog.model import ReferenceOrigin
from include.discovery import vocabulary
from include.open_dental.schema import facts_of
from include.source.structure import ColumnStructure, ForeignKey, TableStructure

# A name by the kinds of its characters: upper case, lower case, letters without case, digits.
_WORD = re.compile(r"U+(?=Ul)|U?l+|U+|c+|d+")
_INTEGER_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
_TEXT = frozenset({"char", "varchar", "text", "tinytext", "mediumtext"})
# A shorter tail of a name says too little to find a table by its ending.
TAIL_LETTERS = 6
STEM_LETTERS = 3


class ReferenceKind(StrEnum):
    """How a column points to its table: by the one column of its key, or by something else."""

    KEY = "key"
    SELF = "self"
    NATURAL = "natural"
    POLYMORPHIC = "polymorphic"


@dataclass(frozen=True, slots=True)
class Reference:
    """`table.column` points to `target`; `rule` says by what it was found, `origin` who told it.

    A polymorphic reference has no target, but may name the column that tells it (`told_by`).
    """

    table: str
    column: str
    kind: ReferenceKind
    rule: str
    target: str | None = None
    told_by: str | None = None
    origin: ReferenceOrigin = ReferenceOrigin.GUESSED


def words(name: str) -> tuple[str, ...]:
    """Split a name in any script at capitals, digits and what is no letter, in lower case."""
    text = unicodedata.normalize("NFKC", name)
    kinds = ""
    for character in text:
        kinds += _kind(character, before=kinds[-1:])
    return tuple(text[found.start() : found.end()].lower() for found in _WORD.finditer(kinds))


def infer_references(structures: Mapping[str, TableStructure]) -> tuple[Reference, ...]:
    """Return the references of all tables, in the order of tables and columns.

    A declared foreign key wins over what is documented, and both over a guess.
    """
    guesses = {(one.table, one.column): one for one in guess_references(structures)}
    tables = {name.lower(): table for name, table in structures.items()}
    found = []
    for _, table in sorted(structures.items()):
        facts = facts_of(table.name, (column.name for column in table.columns))
        for column in table.columns:
            keys = [key for key in table.foreign_keys if column.name in key.columns]
            documented = facts.target_of(column.name) if facts is not None else None
            if keys:
                reference = _declared(table, column, keys, tables)
            elif documented is not None:
                reference = _documented(table, column, tables.get(documented.lower()))
            else:
                reference = guesses.get((table.name, column.name))
            if reference is not None:
                found.append(reference)
    return tuple(found)


def guess_references(structures: Mapping[str, TableStructure]) -> tuple[Reference, ...]:
    """Return what names and types suggest, in the order of tables and columns."""
    inference = _Inference(structures)
    guesses = (
        inference.of(table, column)
        for _, table in sorted(structures.items())
        for column in table.columns
    )
    return tuple(guess for guess in guesses if guess is not None)


def _declared(
    table: TableStructure,
    column: ColumnStructure,
    keys: Iterable[ForeignKey],
    tables: Mapping[str, TableStructure],
) -> Reference | None:
    """Return what the foreign keys of a column say; None when they lead into another database."""
    # One that binds the column alone says most about it.
    for key in sorted(keys, key=lambda key: len(key.columns)):
        target = tables.get((key.target or "").lower())
        if target is not None:
            pointed_at = tuple(name.lower() for name in key.target_columns)
            is_key = pointed_at == tuple(name.lower() for name in target.key[:1])
            return _told(table, column, target, ReferenceOrigin.DECLARED, is_key=is_key)
    return None


def _documented(
    table: TableStructure, column: ColumnStructure, target: TableStructure | None
) -> Reference | None:
    if target is None or (target is table and (column.name,) == table.key):
        return None
    is_key = bool(key_name(target)) and column.data_type in _INTEGER_BYTES
    return _told(table, column, target, ReferenceOrigin.DOCUMENTED, is_key=is_key)


def _told(
    table: TableStructure,
    column: ColumnStructure,
    target: TableStructure,
    origin: ReferenceOrigin,
    *,
    is_key: bool,
) -> Reference:
    kind = ReferenceKind.SELF if target is table else ReferenceKind.KEY
    if not is_key:
        kind = ReferenceKind.NATURAL
    return Reference(table.name, column.name, kind, origin.value, target.name, origin=origin)


def _kind(character: str, *, before: str) -> str:
    """Return what a character is to `_WORD`; a mark is part of the letter that it follows."""
    category = unicodedata.category(character)
    if category in ("Lu", "Lt"):
        return "U"
    if category == "Nd":
        return "d"
    if category.startswith("M"):
        return before or "c"
    if not category.startswith("L"):
        return " "
    return "l" if character.islower() else "c"


class _Inference:
    """The names by which the tables of one schema can be pointed to."""

    def __init__(self, structures: Mapping[str, TableStructure]) -> None:
        listed = [table for _, table in sorted(structures.items())]
        self.tables = _unambiguous(
            ("".join(words(table.name)) or table.name, table) for table in listed
        )
        self.owners = _key_owners(structures)
        self.stems = _unambiguous(
            (stem, table)
            for key, table in self.owners.items()
            if (stem := _without_suffix(words(key_name(table)))) and stem != key
        )
        self.text_columns: dict[str, list[TableStructure]] = defaultdict(list)
        for table in listed:
            for column in table.columns:
                if column.data_type in _TEXT:
                    self.text_columns[column.name.lower()].append(table)

    def of(self, table: TableStructure, column: ColumnStructure) -> Reference | None:
        """Return what the column points to, or None."""
        if (column.name,) == table.key:
            # Other tables may name their keys alike, and number their own rows.
            return None
        name = column.name.lower()
        owner = self.owners.get(name) or self.owners.get("".join(words(column.name)))
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
    """Return the table that each key belongs to; a name that may mean several tables is left out.

    Where several tables have a key of the same name, it belongs to the one that hands the numbers
    out, or else to the one whose name begins like it.
    """
    holders: dict[str, list[TableStructure]] = defaultdict(list)
    for table in structures.values():
        name = "".join(words(key_name(table)))
        if name and name not in vocabulary.KEY_SUFFIXES:
            holders[name].append(table)
        elif name:
            # Tables keyed by a bare `id` are pointed to by their own names, or one of them.
            own = "".join(words(table.name))
            for called in {own, own.removesuffix("s"), own.removesuffix("es")} - {""}:
                holders[f"{called}{name}"].append(table)
    return {
        name: owner for name, tables in holders.items() if (owner := _owner(tables)) is not None
    }


def _owner(tables: list[TableStructure]) -> TableStructure | None:
    signs: tuple[Callable[[TableStructure], bool], ...] = (
        lambda table: "auto_increment" in table.column(table.primary_key[0]).extra,
        lambda table: table.name.lower().startswith(words(key_name(table))[0]),
    )
    for sign in signs:
        if len(tables) > 1:
            tables = [table for table in tables if sign(table)] or tables
    return tables[0] if len(tables) == 1 else None


def _unambiguous(named: Iterable[tuple[str, TableStructure]]) -> dict[str, TableStructure]:
    """Return the tables by name, without the names of several."""
    tables: dict[str, list[TableStructure]] = defaultdict(list)
    for name, table in named:
        tables[name].append(table)
    return {
        name: listed[0] for name, listed in tables.items() if len({t.name for t in listed}) == 1
    }


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
