"""What a column of Open Dental is called, and how it is cast, in the staging models.

Pure decisions over the facts of `include.open_dental` and our names in `vocabulary.yml`; `staging`
writes them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from psycopg import sql

from include.errors import ConfigError
from include.open_dental import codes, schema
from include.open_dental.protection import protect
from include.open_dental.schema import Column
from include.open_dental.values import BLANK, BLANK_COLUMNS, NO_REFERENCE, NOT_MONEY

VOCABULARY_FILE = Path(__file__).with_name("vocabulary.yml")
MODEL_PREFIX = "stg_open_dental__"

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
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
    """Return system, entity and model name of every staged table."""
    found: dict[str, tuple[str, str, str]] = {}
    for system, tables in vocabulary()["systems"].items():
        for table, name in tables.items():
            singular, plural = name if isinstance(name, list) else (name, _plural(name))
            found[table] = (system, singular, MODEL_PREFIX + plural.replace(" ", "_"))
    return found


def key_name(table: str) -> str:
    """Return what the single key column of a staged table is called."""
    key = schema.tables()[table].key
    return _id_of(table, key, _stem(table, key))


def _plural(name: str) -> str:
    return name if name.endswith("s") else f"{name}s"


def excluded_columns(table: str) -> frozenset[str]:
    """Return the columns of a table that never leave the source."""
    return frozenset(
        column.name
        for column in schema.tables()[table].columns
        if protect(table, column.name, column.data_type).is_excluded
    )


def staged_tables() -> tuple[StagedTable, ...]:
    """Return every staged table in the order of the table names.

    Raises ConfigError when two columns of a table would get the same name.
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
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise ConfigError(
                f"two columns would be called {column.name}. Nothing was written. Name one of "
                "them under `columns`.",
                where=f"{VOCABULARY_FILE.name}, table {table}",
            )
        seen.add(column.name)
    key = next(c.name for c in columns if c.kind == "key")
    return StagedTable(table, system, entity, model, key, tuple(columns))


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
    if base == "bigint" and (column.references or stem.endswith(("_number", "_id"))):
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
    return ("text" if base.endswith(("char", "text")) else "number"), stem, raw


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
    words = vocabulary()["words"]
    parts = [part.lower() for part in _WORDS.findall(source)]
    return "_".join(str(words.get(part, part)) for part in parts)


def _id_of(table: str, source: str, stem: str) -> str:
    columns = vocabulary()["columns"]
    if f"{table}.{source}" in columns or source in columns:
        return stem if stem.endswith("_id") else f"{stem}_id"
    column = next(c for c in schema.tables()[table].columns if c.name == source)
    for target in (table, _target(column)):
        if target and target in entities() and source in schema.tables()[target].primary_key:
            return entities()[target][1].replace(" ", "_") + "_id"
    return stem.removesuffix("_number").removesuffix("_id") + "_id"


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
    }[kind]
    if kind == "reference" and target:
        means = f"Reference to {entities()[target][2]}; {none}"
    if place in BLANK_COLUMNS:
        means += f"; null where the source holds {BLANK} for blank"
    return f"{means} ({place})."
