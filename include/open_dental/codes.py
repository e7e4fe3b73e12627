"""The code lists of Open Dental: what a code means, and which codes a column may hold.

Lists of numbers are the enums of `schema.json`; `codes.yml` adds the lists of texts, says which
lists limit nothing, and flags what the reports make of a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from include.open_dental import schema

_FILE = Path(__file__).with_name("codes.yml")


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text_columns: dict[str, str | None]
    text_lists: dict[str, dict[str, str]]
    open_lists: dict[str, str]
    open_columns: dict[str, str]
    flags: dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class CodeList:
    """The codes of a list; either `numbers` or `texts` is filled. Texts compare without case."""

    name: str
    numbers: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()


def code_list(table: str, column: str) -> CodeList | None:
    """Return the list whose codes are all that a column may hold, by names in any case.

    None where there is no list, or one that limits nothing.
    """
    name, facts = list_name(table, column), _facts()
    if name is None or name in facts.open_lists:
        return None
    if (table.lower(), column.lower()) in _open_places():
        return None
    if name in facts.text_lists:
        return CodeList(name, texts=tuple(facts.text_lists[name]))
    numbers = tuple(sorted(set(schema.enums()[name].values())))
    return CodeList(name, numbers=numbers) if numbers else None


def list_name(table: str, column: str) -> str | None:
    """Return the name of the list that explains a column's codes, by names in any case."""
    return _names().get((table.lower(), column.lower()))


def is_text_code(table: str, column: str) -> bool:
    """Whether a text column holds a code, by names as they are documented."""
    return f"{table}.{column}" in _facts().text_columns


def labels(name: str) -> Mapping[str, str]:
    """Return what each code of a list means, codes as text in the documented order."""
    texts = _facts().text_lists.get(name)
    if texts is not None:
        return texts
    return {str(number): label for label, number in schema.enums()[name].items()}


def flags() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the codes that carry each flag, as text, by list and flag in their order.

    Raises KeyError for a flag on a label that its list does not have.
    """
    return {
        name: {flag: tuple(_code_of(name, label) for label in found) for flag, found in of.items()}
        for name, of in _facts().flags.items()
    }


def number(name: str, label: str) -> int:
    """Return the number of a label in a list of numbers; raises KeyError."""
    return schema.enums()[name][label]


def _code_of(name: str, label: str) -> str:
    if name in _facts().text_lists:
        return {text: code for code, text in labels(name).items()}[label]
    return str(number(name, label))


@cache
def _names() -> Mapping[tuple[str, str], str]:
    names = {
        (table.name.lower(), column.name.lower()): column.enum
        for table in schema.tables().values()
        for column in table.columns
        if column.enum is not None and column.data_type.endswith("int")
    }
    named = {_place(text): name for text, name in _facts().text_columns.items() if name is not None}
    return {**names, **named}


@cache
def _open_places() -> frozenset[tuple[str, str]]:
    return frozenset(map(_place, _facts().open_columns))


def _place(text: str) -> tuple[str, str]:
    table, column = text.lower().split(".")
    return table, column


@cache
def _facts() -> _Facts:
    return _Facts.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
