"""What a column of Open Dental is called, and how it is cast, in the staging models.

Pure decisions over the facts of `include.open_dental` and our names in `vocabulary.yml`; `staging`
writes them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from psycopg import sql

from include.errors import ConfigError
from include.open_dental import codes, schema
from include.open_dental.protection import excluded_table, protect
from include.open_dental.schema import Column
from include.open_dental.values import BLANK, BLANK_COLUMNS, NO_REFERENCE, NOT_MONEY
from include.source.warehouse_types import NAME_LIMIT_BYTES

VOCABULARY_FILE = Path(__file__).with_name("vocabulary.yml")
MODEL_PREFIX = "stg_open_dental__"
# The business system of a table that the vocabulary does not name.
UNNAMED_SYSTEM = "administration"

_WORD = r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+"
_PLAIN_KINDS = {
    **dict.fromkeys(("char", "varchar", "text", "mediumtext", "longtext"), "text"),
    "longblob": "bytes",
    "time": "time",
}
_NARROW = {"int", "mediumint", "smallint"}
_DATE_WORDS = {"date", "t", "time", "stamp"}
_RESERVED = {"order", "user", "end", "primary", "desc", "default", "group", "table", "column"}


@dataclass(frozen=True, slots=True)
class StagedColumn:
    """One column of a staging model: the SQL that makes it, its name, and what it means."""

    name: str
    sql: str
    description: str
    kind: str
    is_phi: bool = False
    references: str | None = None
    code_list: str | None = None


@dataclass(frozen=True, slots=True)
class StagedTable:
    """One source table and its staging model."""

    source: str
    system: str
    entity: str
    model: str
    key: str
    columns: tuple[StagedColumn, ...]


@cache
def vocabulary() -> Mapping[str, Any]:
    """Return the reviewed names."""
    words: Mapping[str, Any] = yaml.safe_load(VOCABULARY_FILE.read_text(encoding="utf-8"))
    return words


@cache
def entities() -> Mapping[str, tuple[str, str, str]]:
    """Return system, entity and model name of every table that may leave the source.

    A table that nobody has named yet is called after its key.
    """
    named = {
        table: (system, name)
        for system, tables in vocabulary()["systems"].items()
        for table, name in tables.items()
    }
    found: dict[str, tuple[str, str, str]] = {}
    for table, facts in schema.tables().items():
        if excluded_table(table) is None:
            words = _words(facts.key).removesuffix("_number").replace("_", " ")
            system, name = named.get(table, (UNNAMED_SYSTEM, words))
            singular, plural = name if isinstance(name, list) else (name, _plural(name))
            found[table] = (system, singular, MODEL_PREFIX + plural.replace(" ", "_"))
    return found


def key_name(table: str) -> str:
    """Return what the single key column of a staged table is called."""
    key = schema.tables()[table].key
    return _id_of(table, key, _stem(table, key))


def _plural(name: str) -> str:
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"


def excluded_columns(table: str) -> frozenset[str]:
    """Return the columns of a table that never leave the source."""
    return frozenset(
        column.name
        for column in schema.tables()[table].columns
        if protect(table, column.name, column.data_type).is_excluded
    )


def staged_tables() -> tuple[StagedTable, ...]:
    """Return every staged table in the order of the table names.

    Raises ConfigError when two columns of a table would get the same name, or one a name that
    PostgreSQL cannot hold.
    """
    return tuple(_staged_table(table) for table in sorted(entities()))


def _staged_table(table: str) -> StagedTable:
    system, entity, model = entities()[table]
    facts = schema.tables()[table]
    excluded = excluded_columns(table)
    columns = [
        _staged_column(table, column, is_key=column.name in facts.primary_key)
        for column in facts.columns
        if column.name not in excluded
    ]
    for name, derived in vocabulary()["derived"].get(table, {}).items():
        columns.append(StagedColumn(name, derived["sql"], derived["description"], "derived"))
    _check_names(table, [column.name for column in columns])
    key = next(c.name for c in columns if c.kind == "key")
    return StagedTable(table, system, entity, model, key, tuple(columns))


def _check_names(table: str, names: Sequence[str]) -> None:
    where = f"{VOCABULARY_FILE.name}, table {table}"
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ConfigError(
                f"two columns would be called {name}. Nothing was written. Name one of them under "
                "`columns`.",
                where=where,
            )
        if len(name) > NAME_LIMIT_BYTES:
            raise ConfigError(
                f"a column would be called {name}, and PostgreSQL holds {NAME_LIMIT_BYTES} "
                "letters. Nothing was written. Name it under `columns`.",
                where=where,
            )


def _staged_column(table: str, column: Column, *, is_key: bool) -> StagedColumn:
    place = f"{table}.{column.name}"
    raw = _quoted(column.name.lower())
    stem = _stem(table, column.name)
    kind, name, sql = _shape(table, column, raw, stem, is_key=is_key)
    if place in BLANK_COLUMNS:
        sql = sql.replace(raw, f"nullif({raw}, {BLANK})")
    target = _target(column) if kind in {"reference", "key"} else None
    code_list = codes.list_name(table, column.name) if kind == "code" else None
    return StagedColumn(
        name=name,
        sql=sql,
        description=_description(place, kind, target, code_list),
        kind=kind,
        is_phi=protect(table, column.name, column.data_type).phi is not None,
        references=target,
        code_list=code_list,
    )


def _shape(
    table: str, column: Column, raw: str, stem: str, *, is_key: bool
) -> tuple[str, str, str]:
    """Return kind, name and SQL of a column."""
    place = f"{table}.{column.name}"
    base = column.data_type
    if is_key:
        return "key", _id_of(table, column.name, stem), raw
    if _is_reference(place, column, stem):
        return "reference", _id_of(table, column.name, stem), f"nullif({raw}, {NO_REFERENCE})"
    if codes.is_text_code(table, column.name):
        name = stem if stem.endswith("_code") else f"{stem}_code"
        return "code", name, f"upper({raw})"
    if base in {"date", "datetime", "timestamp"}:
        return _moment(base, raw, stem)
    if base == "double":
        is_money = place not in NOT_MONEY
        name = f"{stem}_amount" if is_money and not stem.endswith("amount") else stem
        return ("amount" if is_money else "number"), name, f"{raw}::numeric"
    if base == "tinyint" and stem.startswith(("is_", "has_")) and not column.enum:
        return "flag", stem, f"{raw} <> 0"
    if column.enum and base.endswith("int"):
        return "code", stem if stem.endswith("_code") else f"{stem}_code", raw
    return _PLAIN_KINDS.get(base, "number"), stem, raw


def _is_reference(place: str, column: Column, stem: str) -> bool:
    if column.data_type == "bigint":
        is_named = stem.endswith(("_number", "_id"))
        return is_named or column.references is not None or _keyed_by(column.name) is not None
    # The oldest tables name rows in narrower columns.
    is_named = place in vocabulary()["columns"] and stem.endswith("_id")
    return column.data_type in _NARROW and (is_named or column.name in _keys())


def _moment(base: str, raw: str, stem: str) -> tuple[str, str, str]:
    suffix, macro = ("_on", "date") if base == "date" else ("_at", "timestamp")
    if stem.endswith(("_on", "_at")):
        stem = stem[:-3]
    words = [word for word in stem.split("_") if word not in _DATE_WORDS] or ["row"]
    return base, "_".join(words) + suffix, f"{{{{ open_dental_{macro}('{raw}') }}}}"


def _stem(table: str, source: str) -> str:
    """Return the column's name in words, before suffixes."""
    columns = vocabulary()["columns"]
    named = columns.get(f"{table}.{source}") or columns.get(source)
    if named:
        return str(named)
    return _words(source)


def _words(source: str) -> str:
    """Return a name of the source in words, abbreviations written out."""
    words, spellings = vocabulary()["words"], vocabulary()["spellings"]
    parts = re.findall("|".join([*spellings, _WORD]), source)
    return "_".join(spellings.get(part) or words.get(part.lower(), part.lower()) for part in parts)


def _id_of(table: str, source: str, stem: str) -> str:
    """Return what a key or a reference is called: after the entity that it names."""
    columns = vocabulary()["columns"]
    if f"{table}.{source}" in columns or source in columns:
        return stem if stem.endswith("_id") else f"{stem}_id"
    facts = schema.tables()[table]
    column = next(c for c in facts.columns if c.name == source)
    target = _target(column) or (table if source == facts.key else _keyed_by(source))
    if target:
        key, entity = schema.tables()[target].key, entities()[target][1].replace(" ", "_")
        before, found, after = source.partition(key)
        if found and not after[:1].islower() and not (before and after):
            # UserNumCreated is the created_user_id.
            return "_".join(filter(None, (_words(before), _words(after), entity, "id")))
    return stem.removesuffix("_number").removesuffix("_id") + "_id"


def _keyed_by(source: str) -> str | None:
    """Return the table whose key a column is named after, where nobody documents what it names."""
    fits = (key for key in _keys() if source.startswith(key) or source.endswith(key))
    return _keys().get(max(fits, key=len, default=""))


@cache
def _keys() -> Mapping[str, str]:
    """Return the table that each key belongs to, by the name of the key."""
    owners: dict[str, list[str]] = {}
    for table in entities():
        facts = schema.tables()[table]
        if facts.target_of(facts.key) is None:
            owners.setdefault(facts.key, []).append(table)
    return {key: tables[0] for key, tables in owners.items() if len(tables) == 1}


def _target(column: Column) -> str | None:
    """Return the staged table that a column points to; the facts add remarks to some names."""
    words = (column.references or "").split()
    return words[0] if words and words[0] in entities() else None


def _quoted(raw: str) -> str:
    return sql.Identifier(raw).as_string() if raw in _RESERVED else raw


def _description(place: str, kind: str, target: str | None, code_list: str | None) -> str:
    none = f"null where the source holds {NO_REFERENCE} for none"
    means = {
        "key": "Primary key",
        "reference": f"Reference; {none}",
        "code": f"Code of the list {code_list} in open_dental_codes" if code_list else "Code",
        "date": "Date; null where the source holds its empty date",
        "datetime": "Office-local moment; null where the source holds its empty date",
        "timestamp": "Moment with time zone; null where the source holds its empty date",
        "amount": "Amount as a decimal",
        "flag": "Flag",
        "text": "Text",
        "number": "Number",
        "time": "Time of day, or a span of time",
        "bytes": "Bytes",
    }[kind]
    if kind == "reference" and target:
        means = f"Reference to {entities()[target][2]}; {none}"
    if place in BLANK_COLUMNS:
        means += f"; null where the source holds {BLANK} for blank"
    return f"{means} ({place})."
