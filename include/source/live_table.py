"""What the source says about one table at the moment of its load, held against the config.

The plan has compared all tables already; this catches what changed since, before a row is read.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.errors import StructureError
from include.source.keys import PagingKey
from include.source.session import SourceConnection

_ADVICE = (
    "Nothing was loaded; the rows of the last good load are intact. Run the discover_open_dental "
    "DAG to rewrite the config, then refresh this table again."
)


@dataclass(frozen=True, slots=True)
class LiveTable:
    """The index that a read must walk, and the server's estimate of a row's length."""

    key_index: str | None
    average_row_bytes: int


def check_live_table(connection: SourceConnection, table: TableConfig, key: PagingKey) -> LiveTable:
    """Return what a read needs to know; raises StructureError when the config no longer fits."""
    average = _average_row_bytes(connection, table)
    declared = _declared_columns(connection, table)
    missing = [c.name for c in table.replicated_columns if c.name not in declared]
    if missing:
        raise StructureError(
            f"the config lists columns that the source no longer has (or that our account may no "
            f"longer read): {', '.join(missing)}. {_ADVICE}",
            where=f"table {table.name}",
        )
    changed = [
        f"{c.name} was {c.source_type}, is {declared[c.name]}"
        for c in table.replicated_columns
        if declared[c.name] != c.source_type
    ]
    if changed:
        raise StructureError(
            f"columns have another type than the config says: {'; '.join(changed)}. {_ADVICE}",
            where=f"table {table.name}",
        )
    return LiveTable(_key_index(connection, table, key), average)


def _average_row_bytes(connection: SourceConnection, table: TableConfig) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(avg_row_length, 0) from information_schema.tables "
            "where table_schema = database() and table_name = %s",
            (table.name,),
        )
        row = cursor.fetchone()
    if row is None:
        raise StructureError(
            f"the source no longer has this table, or hides it from our account. {_ADVICE}",
            where=f"table {table.name}",
        )
    return int(row[0])


def _declared_columns(connection: SourceConnection, table: TableConfig) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name, column_type from information_schema.columns "
            "where table_schema = database() and table_name = %s",
            (table.name,),
        )
        return {
            str(name): kind.decode() if isinstance(kind, bytes) else str(kind)
            for name, kind in cursor.fetchall()
        }


def _key_index(connection: SourceConnection, table: TableConfig, key: PagingKey) -> str | None:
    if not key.columns:
        return None
    parts: dict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "select index_name, column_name, non_unique, sub_part "
            "from information_schema.statistics where table_schema = database() "
            "and table_name = %s order by index_name = 'PRIMARY' desc, index_name, seq_in_index",
            (table.name,),
        )
        for index, column, non_unique, prefix in cursor.fetchall():
            # A column that is not unique, or only a prefix, spoils the index as a key.
            parts[index].append(column if not int(non_unique) and prefix is None else "")
    names = [column.name for column in key.columns]
    for index, columns in parts.items():
        if columns == names:
            return index
    raise StructureError(
        f"no unique index covers exactly the config's key ({', '.join(names)}) any more. {_ADVICE}",
        where=f"table {table.name}",
    )
