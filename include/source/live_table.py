"""Check one table's structure in the source against the config, right before its load.

The plan has compared all tables already; this catches a change made since then, before a row is
read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.errors import SourceError, SourceRefusedError, StructureError
from include.source.keys import PagingKey
from include.source.packets import understood
from include.source.repair import let_server_repair
from include.source.rights import find_refused_columns, find_refused_tables
from include.source.session import SourceConnection
from include.source.structure import BASE_TABLE_TYPES, usable_index

# Their characters are the same bytes in UTF-8. The server would send "?" for bytes that are none,
# as old files of MyISAM hold them, and nobody could tell.
RAW_CHARACTER_SETS = ("ascii", "utf8", "utf8mb3")
# The first needs no conversion, and the second has a character for every byte. All others hold
# bytes for which the server would send "?".
FAITHFUL_CHARACTER_SETS = ("utf8mb4", "latin1")
_KEPT = "Nothing was loaded; the rows of the last good load are intact."
_ADVICE = f"{_KEPT} The next refresh follows what has changed."
# Position, kind, name, detail, and a number: a column's TextReading, -1 if it needs none; 0 for the
# primary key, which so comes before other indexes.
_QUERY = """
    select 0, 'table', coalesce(engine, ''), coalesce(avg_row_length, 0), 0
    from information_schema.tables
    where table_schema = database() and table_name = %(table)s and table_type in %(types)s
    union all
    select
        ordinal_position,
        'column',
        column_name,
        column_type,
        case
            when character_set_name is null or data_type in ('enum', 'set') then -1
            when character_set_name in %(raw)s then 0
            when character_set_name in %(faithful)s then -1
            else 1
        end
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
    where table_schema = database() and table_name = %(table)s and {usable}
"""


class TextReading(IntEnum):
    """How to read text so that bytes that are no characters are seen; both arrive as bytes."""

    AS_STORED = 0
    CONVERTED = 1


@dataclass(frozen=True, slots=True)
class LiveTable:
    """The index that a read must use, and the server's estimate of a row's length in bytes.

    `text_readings` has the columns whose text the server would send with "?" for what it cannot
    convert, unless it is asked in another way.
    """

    key_index: str | None
    average_row_bytes: int
    text_readings: Mapping[str, TextReading] = field(default_factory=dict)


def check_live_table(
    connection: SourceConnection, endpoint: Endpoint, table: TableConfig, key: PagingKey
) -> LiveTable:
    """Return what a read needs.

    A damaged table gets its chance to be repaired by the server first. Raises StructureError when
    the table no longer fits the config, SourceRefusedError when the account may no longer select
    it, or one of its columns, and SourceError when the server cannot open it.
    """
    average, declared, readings, indexes = _describe(connection, table)
    if average is None:
        let_server_repair(connection, endpoint, [table.name])
        average, declared, readings, indexes = _describe(connection, table)
    if average is None:
        raise SourceError(
            "the server cannot open this table, and has not repaired it. The rows of the last good "
            "load are intact. Try again; if it stays so, have the practice repair it (CHECK TABLE, "
            "then REPAIR TABLE, after a backup).",
            where=f"table {table.name}",
        )
    missing = [c.name for c in table.replicated_columns if c.name not in declared]
    if missing:
        _refuse_hidden(connection, table, missing)
        raise StructureError(
            f"the config lists columns that the source no longer has: {', '.join(missing)}. "
            f"{_ADVICE}",
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
    return LiveTable(_key_index(table, key, indexes), average, readings)


def _describe(
    connection: SourceConnection, table: TableConfig
) -> tuple[int | None, dict[str, str], dict[str, TextReading], dict[str, list[str]]]:
    """Return average row length, declared types, readings and the columns of each index.

    They come from one query.

    The length is None for a table that the server cannot open; its indexes are not known then.
    A column of an index that is not unique, or that holds only its prefix, has an empty name in the
    list, so that the index matches no key.
    """
    average: int | None = None
    is_known = False
    declared: dict[str, str] = {}
    readings: dict[str, TextReading] = {}
    indexes: dict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor, understood():
        cursor.execute(
            _QUERY.format(usable=usable_index(connection)),
            {
                "table": table.name,
                "types": BASE_TABLE_TYPES,
                "raw": RAW_CHARACTER_SETS,
                "faithful": FAITHFUL_CHARACTER_SETS,
            },
        )
        rows = [[_text(cell) for cell in row] for row in cursor.fetchall()]
        # The server may return the parts of a union in any order.
        rows.sort(key=lambda row: (int(row[4] or 0), int(row[0])))
        for _, kind, name, detail, number in rows:
            if kind == "table":
                is_known = True
                average = int(detail or 0) if name else None
            elif kind == "column":
                declared[name] = detail
                if int(number) >= 0:
                    readings[name] = TextReading(int(number))
            else:
                indexes[name].append(detail)
    if not is_known:
        _refuse_hidden(connection, table, ())
        raise StructureError(
            f"the source no longer has this table. {_ADVICE}", where=f"table {table.name}"
        )
    return average, declared, readings, indexes


def _refuse_hidden(
    connection: SourceConnection, table: TableConfig, missing: Sequence[str]
) -> None:
    """Raise SourceRefusedError if the account may not select the table, or what is missing of it.

    The server lists neither tables nor columns to an account without a right on them.
    """
    with connection.cursor() as cursor:
        lacking = (
            find_refused_columns(cursor, table.name, missing)
            if missing
            else find_refused_tables(cursor, [table.name]).get(table.name)
        )
    if lacking:
        raise SourceRefusedError(
            f"{lacking.seen}. {_KEPT} {lacking.advice}", where=f"table {table.name}"
        )


def _key_index(table: TableConfig, key: PagingKey, indexes: dict[str, list[str]]) -> str | None:
    if not key.columns:
        return None
    names = [column.name for column in key.columns]
    for index, columns in indexes.items():
        if columns == names:
            return index
    raise StructureError(
        f"no unique index covers exactly the config's key ({', '.join(names)}) any more: it was "
        f"dropped, changed, or marked as ignored or invisible. {_ADVICE}",
        where=f"table {table.name}",
    )


def _text(cell: object) -> str:
    return cell.decode() if isinstance(cell, bytes) else "" if cell is None else str(cell)
