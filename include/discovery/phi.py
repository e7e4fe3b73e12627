"""What a column protects, and what must never leave the source: facts first, then patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from include.catalog.model import CellExclusion, PhiClass
from include.source.structure import ColumnStructure, TableStructure

_FACTS = Path(__file__).with_name("phi.yml")
_TEXT = frozenset(
    {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json"}
    | {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Cell(_Strict):
    column: str
    when_column: str
    pattern: str


class _Pattern(_Strict):
    phi: PhiClass = Field(alias="class")
    pattern: str
    excluded: bool = False


class _Facts(_Strict):
    columns: dict[str, dict[PhiClass, tuple[str, ...]]]
    clinical_tables: tuple[str, ...]
    free_text_tables: tuple[str, ...]
    excluded_columns: dict[str, tuple[str, ...]]
    excluded_cells: dict[str, _Cell]
    excluded_tables: dict[str, str]
    scratch_tables: tuple[str, ...]
    general: tuple[_Pattern, ...]


@dataclass(frozen=True, slots=True)
class Protection:
    """What a column protects, if anything, and whether it stays in the source."""

    phi: PhiClass | None = None
    is_excluded: bool = False


def protect(table: TableStructure, column: ColumnStructure) -> Protection:
    """Return the protection of a column."""
    facts, classes = _facts(), _classes()
    place = (table.name.lower(), column.name.lower())
    excluded = facts.excluded_columns.get(place[0], ())
    if place[1] in {name.lower() for name in excluded}:
        return Protection(PhiClass.CREDENTIAL, is_excluded=True)
    if place in classes:
        return Protection(classes[place])
    if column.data_type not in _TEXT:
        return Protection()
    if place[0] in facts.clinical_tables:
        return Protection(PhiClass.CLINICAL)
    if place[0] in facts.free_text_tables:
        return Protection(PhiClass.FREE_TEXT)
    for general in facts.general:
        if re.search(general.pattern, place[1]):
            return Protection(general.phi, is_excluded=general.excluded)
    return Protection()


def excluded_cells(table: TableStructure) -> tuple[CellExclusion, ...]:
    """Return the cells of a table that are read as NULL."""
    fact = _facts().excluded_cells.get(table.name.lower())
    if fact is None:
        return ()
    names = {column.name.lower(): column.name for column in table.columns}
    column, when = names.get(fact.column.lower()), names.get(fact.when_column.lower())
    if column is None or when is None:
        return ()
    return (CellExclusion(column, when, fact.pattern),)


def excluded_table(name: str) -> str | None:
    """Return why a table is left out by its name, or None."""
    facts = _facts()
    if name.lower() in facts.excluded_tables:
        return facts.excluded_tables[name.lower()]
    for pattern in facts.scratch_tables:
        if re.search(pattern, name.lower()):
            return f"scratch table: its name matches {pattern}"
    return None


@lru_cache(maxsize=1)
def _facts() -> _Facts:
    return _Facts.model_validate(yaml.safe_load(_FACTS.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _classes() -> Mapping[tuple[str, str], PhiClass]:
    return {
        (table.lower(), column.lower()): phi
        for table, classes in _facts().columns.items()
        for phi, columns in classes.items()
        for column in columns
    }
