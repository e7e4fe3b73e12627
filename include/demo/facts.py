"""The facts about Open Dental's tables, and the statements that make them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from include.source.session import quote

Engine = Literal["MyISAM", "InnoDB"]

SCHEMA_FILE = Path(__file__).with_name("schema.json")
ON_UPDATE = "on update"
# An index part may carry a prefix length: "MsgText(100)".
_INDEX_PART = re.compile(r"(\w+)(\(\d+\))?")


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


def create_statement(table: Table, *, engine: Engine | None = None) -> str:
    """Return the CREATE TABLE statement; `engine` replaces the table's own."""
    lines = [_column_clause(column) for column in table.columns]
    lines.append(f"primary key ({', '.join(quote(name) for name in table.primary_key)})")
    for name, parts in table.indexes.items():
        lines.append(f"key {quote(name)} ({', '.join(map(_index_part, parts))})")
    charset = table.collation.split("_", 1)[0]
    return (
        f"create table {quote(table.name)} ({', '.join(lines)}) "
        f"engine={engine or table.engine} default charset={charset} collate={table.collation}"
    )


def _index_part(part: str) -> str:
    column, prefix = _INDEX_PART.fullmatch(part).groups(default="")  # type: ignore[union-attr]
    return quote(column) + prefix


def _column_clause(column: Column) -> str:
    clause = f"{quote(column.name)} {column.type} {'null' if column.is_nullable else 'not null'}"
    if column.default is not None:
        clause += f" default {column.default}"
    return f"{clause} {column.extra}".rstrip()


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
