"""The code lists of Open Dental: which codes a column may hold.

Left out on purpose: bit sets, where any sum is legal, and lists that practices define themselves
(rows of `definition`), which are references and not codes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("code_lists.json")


@dataclass(frozen=True, slots=True)
class CodeList:
    """A named list; either `numbers` or `labels` is filled. Labels compare without case."""

    name: str
    numbers: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()


def code_list(table: str, column: str) -> CodeList | None:
    """Return the list that governs a column, by names in any case; None where there is none."""
    name = _facts()["columns"].get(f"{table}.{column}".lower())
    if name is None:
        return None
    codes = _facts()["lists"][name]
    if isinstance(codes[0], str):
        return CodeList(name, labels=tuple(codes))
    return CodeList(name, numbers=tuple(_expand(codes)))


def columns_with_lists() -> tuple[str, ...]:
    """Return every `table.column` that has a list, in lower case and sorted."""
    return tuple(sorted(_facts()["columns"]))


def _expand(ranges: list[list[int]]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return facts
