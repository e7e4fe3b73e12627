"""What a column protects, and what must never leave the source: facts first, then patterns.

Tables and columns are asked for by name, in any case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

_FILE = Path(__file__).with_name("protection.yml")
_TEXT = frozenset(
    {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json"}
    | {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
)
_NUMBERS = frozenset({"smallint", "mediumint", "int", "bigint", "decimal"})
_OPAQUE = frozenset({"uuid"})
# `APIKey2_old` has the words API, Key, 2 and old.
_WORD = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|\d+")


class PhiClass(StrEnum):
    """Why a column is protected health information, or must not leave the source at all."""

    IDENTIFIER = "identifier"
    CONTACT = "contact"
    CLINICAL = "clinical"
    FINANCIAL = "financial"
    FREE_TEXT = "free_text"
    MESSAGE = "message"
    STAFF = "staff"
    CREDENTIAL = "credential"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExcludedCell(_Strict):
    """`column` is a credential in rows where `when_column` matches `pattern`, in any case."""

    column: str
    when_column: str
    pattern: str


class _Pattern(_Strict):
    phi: PhiClass = Field(alias="class")
    pattern: str


class _Credentials(_Strict):
    texts: tuple[str, ...]
    numbers: tuple[str, ...]


class _Facts(_Strict):
    columns: dict[str, dict[PhiClass, tuple[str, ...]]]
    clinical_tables: tuple[str, ...]
    free_text_tables: tuple[str, ...]
    excluded_columns: dict[str, tuple[str, ...]]
    excluded_cells: dict[str, ExcludedCell]
    excluded_tables: dict[str, str]
    scratch_tables: tuple[str, ...]
    credential_forms: str
    credentials: _Credentials
    general: tuple[_Pattern, ...]


@dataclass(frozen=True, slots=True)
class Protection:
    """What a column protects, if anything, and whether it stays in the source."""

    phi: PhiClass | None = None
    is_excluded: bool = False


def protect(table: str, column: str, data_type: str) -> Protection:
    """Return the protection of a column; `data_type` is the bare name of its type."""
    facts, classes = _facts(), _classes()
    place = (table.lower(), column.lower())
    excluded = facts.excluded_columns.get(place[0], ())
    if place[1] in {name.lower() for name in excluded}:
        return Protection(PhiClass.CREDENTIAL, is_excluded=True)
    if place in classes:
        return Protection(classes[place])
    if _is_credential(column, data_type):
        return Protection(PhiClass.CREDENTIAL, is_excluded=True)
    if data_type not in _TEXT:
        return Protection()
    if place[0] in facts.clinical_tables:
        return Protection(PhiClass.CLINICAL)
    if place[0] in facts.free_text_tables:
        return Protection(PhiClass.FREE_TEXT)
    for general in facts.general:
        if re.search(general.pattern, place[1]):
            return Protection(general.phi)
    return Protection()


def excluded_cell(table: str) -> ExcludedCell | None:
    """Return which cells of a table are credentials, or None."""
    return _facts().excluded_cells.get(table.lower())


def excluded_table(name: str) -> str | None:
    """Return why a table is left out by its name, or None."""
    facts = _facts()
    if name.lower() in facts.excluded_tables:
        return facts.excluded_tables[name.lower()]
    for pattern in facts.scratch_tables:
        if re.search(pattern, _words(name)):
            return f"scratch table: its name matches {pattern}"
    return None


def rules_digest() -> str:
    """Return a hash of the facts and patterns; it differs when a release decides otherwise."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()


def _is_credential(column: str, data_type: str) -> bool:
    words = _words(column)
    if data_type in _TEXT | _OPAQUE:
        return any(pattern.search(words) for pattern in _credentials())
    return data_type in _NUMBERS and _credentials()[1].search(words) is not None


@cache
def _credentials() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns for names of texts, and those that hold for numbers as well."""
    facts = _facts()
    texts, numbers = (
        re.compile(rf"({'|'.join(patterns)})(_{facts.credential_forms}|_?\d+)*$")
        for patterns in (facts.credentials.texts, facts.credentials.numbers)
    )
    return texts, numbers


def _words(name: str) -> str:
    """Return the words of a name in lower case with `_` between them."""
    return "_".join(_WORD.findall(name)).lower()


@cache
def _facts() -> _Facts:
    return _Facts.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


@cache
def _classes() -> Mapping[tuple[str, str], PhiClass]:
    return {
        (table.lower(), column.lower()): phi
        for table, classes in _facts().columns.items()
        for phi, columns in classes.items()
        for column in columns
    }
