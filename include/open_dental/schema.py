"""The tables of Open Dental 24.3 as its own documentation and upgraded databases declare them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Engine = Literal["MyISAM", "InnoDB"]

SCHEMA_FILE = Path(__file__).with_name("schema.json")
ON_UPDATE = "on update"


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the practice's database declares it; `default` is an SQL expression."""

    name: str
    type: str
    is_nullable: bool
    default: str | None
    extra: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the practice's database declares it."""

    name: str
    engine: Engine
    collation: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]

    @property
    def key(self) -> str:
        """The single column of the primary key: every table of Open Dental has one."""
        return self.primary_key[0]

    @property
    def stamp(self) -> str | None:
        """The column that the server moves on every edit, if there is one."""
        return next((c.name for c in self.columns if ON_UPDATE in c.extra), None)


@cache
def tables() -> Mapping[str, Table]:
    """Return all 424 tables by name, in the order of the schema file."""
    return {name: _table(name, facts) for name, facts in _schema()["tables"].items()}


@cache
def coded_columns() -> tuple[tuple[str, str, frozenset[int]], ...]:
    """Return the numeric columns that hold a documented code: table, column, allowed numbers."""
    lists: Mapping[str, Mapping[str, int]] = _schema()["enums"]
    return tuple(
        (name, column["name"], frozenset(lists[column["enum"]].values()))
        for name, table in _schema()["tables"].items()
        for column in table["columns"]
        if "int" in column["type"] and lists.get(column.get("enum", ""))
    )


def _table(name: str, facts: Mapping[str, Any]) -> Table:
    return Table(
        name=name,
        engine=facts["engine"],
        collation=facts["collation"],
        columns=tuple(
            Column(c["name"], c["type"], c.get("null", False), c.get("default"), c.get("extra", ""))
            for c in facts["columns"]
        ),
        primary_key=tuple(facts["primary_key"]),
        indexes={name: tuple(index["columns"]) for name, index in facts["indexes"].items()},
    )


@cache
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema
