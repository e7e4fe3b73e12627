"""Check one table's structure in the source against the config, right before its load.

The plan has compared all tables already; this catches a change made since then, before a row is
read.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.errors import StructureError
from include.source.keys import PagingKey
from include.source.session import SourceConnection

# Their characters are the same bytes in UTF-8. The server would send "?" for bytes that are none,
# as old files of MyISAM hold them, and nobody could tell.
RAW_CHARACTER_SETS = ("ascii", "utf8", "utf8mb3")
_ADVICE = (
    "Nothing was loaded; the rows of the last good load are intact. Run the discover_open_dental "
    "DAG to rewrite the config, then refresh this table again."
)
# Position, kind, name, detail, and a number: whether a column's text is one of RAW_CHARACTER_SETS,
# and 0 for the primary key, which so comes before other indexes.
_QUERY = """
    select 0, 'table', '', coalesce(avg_row_length, 0), 0
    from information_schema.tables
    where table_schema = database() and table_name = %(table)s
    union all
    select
        ordinal_position,
        'column',
        column_name,
        column_type,
        data_type not in ('enum', 'set') and coalesce(character_set_name, '') in %(raw)s
    from information_schema.columns
    where table_schema = database() and table_name = %(table)s
    union all
    select
        seq_in_index,
        'index',
        index_name,
        if(non_unique = 0 and sub_part is null, column_name, ''),
        if(index_name = 'PRIMARY', 0, 1)
    from information_schema.statistics
    where table_schema = database() and table_name = %(table)s
"""


@dataclass(frozen=True, slots=True)
class LiveTable:
    """The index that a read must use, and the server's estimate of a row's length in bytes.

    `raw_texts` are the columns whose text the server keeps in one of RAW_CHARACTER_SETS.
    """

    key_index: str | None
    average_row_bytes: int
    raw_texts: frozenset[str] = frozenset()


def check_live_table(connection: SourceConnection, table: TableConfig, key: PagingKey) -> LiveTable:
    """Return what a read needs; raises StructureError when the table no longer fits the config."""
    average, declared, raw_texts, indexes = _describe(connection, table)
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
    return LiveTable(_key_index(table, key, indexes), average, raw_texts)


def _describe(
    connection: SourceConnection, table: TableConfig
) -> tuple[int, dict[str, str], frozenset[str], dict[str, list[str]]]:
    """Return average row length, declared types, raw texts and the columns of each index.

    A column of an index that is not unique, or that holds only its prefix, has an empty name in the
    list, so that the index matches no key.
    """
    average: int | None = None
    declared: dict[str, str] = {}
    raw_texts: set[str] = set()
    indexes: dict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, {"table": table.name, "raw": RAW_CHARACTER_SETS})
        rows = [[_text(cell) for cell in row] for row in cursor.fetchall()]
    # The server may return the parts of a union in any order.
    for _, kind, name, detail, number in sorted(
        rows, key=lambda row: (int(row[4] or 0), int(row[0]))
    ):
        if kind == "table":
            average = int(detail or 0)
        elif kind == "column":
            declared[name] = detail
            if int(number):
                raw_texts.add(name)
        else:
            indexes[name].append(detail)
    if average is None:
        raise StructureError(
            f"the source no longer has this table, or hides it from our account. {_ADVICE}",
            where=f"table {table.name}",
        )
    return average, declared, frozenset(raw_texts), indexes


def _key_index(table: TableConfig, key: PagingKey, indexes: dict[str, list[str]]) -> str | None:
    if not key.columns:
        return None
    names = [column.name for column in key.columns]
    for index, columns in indexes.items():
        if columns == names:
            return index
    raise StructureError(
        f"no unique index covers exactly the config's key ({', '.join(names)}) any more. {_ADVICE}",
        where=f"table {table.name}",
    )


def _text(cell: object) -> str:
    return cell.decode() if isinstance(cell, bytes) else "" if cell is None else str(cell)
