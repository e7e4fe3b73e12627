"""The tables of Open Dental 24.3 as its own documentation and upgraded databases declare them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Engine = Literal["MyISAM", "InnoDB"]

_FILE = Path(__file__).with_name("schema.json")
ON_UPDATE = "on update"


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the practice's database declares it; `default` is an SQL expression.

    `enum` names the list that the documentation gives for its codes, `references` the table whose
    rows it names, sometimes with a remark behind it, or a remark alone.
    """

    name: str
    type: str
    is_nullable: bool
    default: str | None
    extra: str
    enum: str | None
    references: str | None

    @property
    def data_type(self) -> str:
        """The bare name of the type: `bigint` of `bigint(20) unsigned`."""
        return self.type.split("(")[0].split(" ")[0]

    @property
    def target(self) -> str | None:
        """The documented table whose rows the column names, without remarks."""
        first = (self.references or "").split(" ")[0]
        return first if first in tables() else None


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the practice's database declares it.

    The documentation passes over a few that upgraded databases still have.
    """

    name: str
    engine: Engine
    collation: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]
    is_documented: bool

    @property
    def key(self) -> str:
        """The single column of the primary key: every table of Open Dental has one."""
        return self.primary_key[0]

    @property
    def stamp(self) -> str | None:
        """The column that the server moves on every edit, if there is one."""
        return next((c.name for c in self.columns if ON_UPDATE in c.extra), None)

    def target_of(self, column: str) -> str | None:
        """Return the documented table that a column, by its name in any case, points to."""
        name = column.lower()
        return next((one.target for one in self.columns if one.name.lower() == name), None)


@cache
def tables() -> Mapping[str, Table]:
    """Return all 424 tables by name, in the order of the schema file."""
    return {name: _table(name, facts) for name, facts in _schema()["tables"].items()}


def facts_of(table: str, columns: Iterable[str]) -> Table | None:
    """Return what is known of a live table, by names in any case; None for one of other software.

    Other databases have a `patient` or a `schedule` too, of which these facts say nothing: a table
    is ours to speak of when it has the documented key.
    """
    facts = _folded().get(table.lower())
    if facts is None or facts.key.lower() not in {column.lower() for column in columns}:
        return None
    return facts


@cache
def enums() -> Mapping[str, Mapping[str, int]]:
    """Return the documented lists by name: the number of each label, in the documented order.

    A few lists are named and not documented: they are empty.
    """
    lists: Mapping[str, Mapping[str, int]] = _schema()["enums"]
    return lists


@cache
def _folded() -> Mapping[str, Table]:
    return {name.lower(): table for name, table in tables().items()}


def _table(name: str, facts: Mapping[str, Any]) -> Table:
    return Table(
        name=name,
        engine=facts["engine"],
        collation=facts["collation"],
        columns=tuple(
            Column(
                name=column["name"],
                type=column["type"],
                is_nullable=column.get("null", False),
                default=column.get("default"),
                extra=column.get("extra", ""),
                enum=column.get("enum"),
                references=column.get("references"),
            )
            for column in facts["columns"]
        ),
        primary_key=tuple(facts["primary_key"]),
        indexes={name: tuple(index["columns"]) for name, index in facts["indexes"].items()},
        is_documented=facts.get("documented", False),
    )


@cache
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return schema
