"""The statements that make the practice's tables."""

from __future__ import annotations

import re

from include.open_dental.schema import Column, Engine, Table
from include.source.session import quote

# An index part may carry a prefix length: "MsgText(100)".
_INDEX_PART = re.compile(r"(\w+)(\(\d+\))?")


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
