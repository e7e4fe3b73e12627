"""The structure of the practice database, read from information_schema in bulk.

Only base tables are read: views and sequences hold no rows of their own. Generated and invisible
columns are included; indexes that the server does not use are not.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from include.endpoints import Endpoint
from include.errors import SourceRefusedError
from include.source.repair import let_server_repair
from include.source.rights import MissingRight, find_partly_hidden, read_account
from include.source.session import ServerId, SourceConnection, server_id, source_errors

PRIMARY = "PRIMARY"
_PLAIN_INDEXES = ("BTREE", "HASH")
# Words of EXTRA: MariaDB before 10.2 had virtual and persistent columns without an expression in
# information_schema, and MySQL before 5.7 had none.
_GENERATED = frozenset({"VIRTUAL", "PERSISTENT", "STORED"})
# Columns of information_schema.statistics, and their value for an index that the server uses:
# MariaDB has the first from 10.6 on, MySQL the second from 8.0 on.
_USABLE = {"IGNORED": "NO", "IS_VISIBLE": "YES"}
_usable: dict[ServerId, str] = {}
# A table of this engine has the rows of others, each of which has keys of its own: what it declares
# as unique is not.
_MERGED_ENGINE = "MRG_MyISAM"
# Of 64 letters, which no server's names exceed, behind the mark of one that is no valid file name.
_LONGEST_NAME = len("#mysql50#") + 64
# MariaDB lists a base table that also keeps its old rows under a type of its own.
BASE_TABLE_TYPES = ("BASE TABLE", "SYSTEM VERSIONED")


@dataclass(frozen=True, slots=True)
class ColumnStructure:
    """One column as the live database declares it.

    `column_type` is the whole declaration (`bigint(20) unsigned`), `data_type` its bare name.
    `is_readable` says whether our account may select the column.
    """

    table: str
    name: str
    column_type: str
    data_type: str
    is_nullable: bool
    default: str | None = None
    extra: str = ""
    character_set: str | None = None
    collation: str | None = None
    is_generated: bool = False
    is_readable: bool = True

    @property
    def is_unsigned(self) -> bool:
        """Whether the declaration says unsigned (zerofill implies it)."""
        words = self.column_type.lower().split()
        return "unsigned" in words or "zerofill" in words

    @property
    def is_stamped_on_update(self) -> bool:
        """Whether the server sets the column whenever the row changes (ON UPDATE)."""
        return "on update" in self.extra.lower()


@dataclass(frozen=True, slots=True)
class IndexStructure:
    """One index.

    `is_key` says whether its columns identify every row: unique, never NULL, whole values.
    `is_plain` says whether it holds whole values of columns, so no prefix, full-text, spatial or
    expression index.
    """

    name: str
    columns: tuple[str, ...]
    is_key: bool
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One declared foreign key; `target` is None when it leads into another database."""

    columns: tuple[str, ...]
    target: str | None
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableStructure:
    """One base table as the live database declares it, with the columns in their order there.

    `hidden_from` is the account that may not select some of the columns, None if it may select all.
    The server does not list such columns, nor can anybody tell here how many there are. A table
    that the server cannot open at present, such as a damaged one, has no engine, and its indexes
    are not known.
    """

    name: str
    engine: str | None
    columns: tuple[ColumnStructure, ...]
    indexes: tuple[IndexStructure, ...] = ()
    hidden_from: str | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the server could open the table; if not, its structure is not known in full."""
        return self.engine is not None

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key, or nothing."""
        return next((index.columns for index in self.indexes if index.name == PRIMARY), ())

    @property
    def key_index(self) -> IndexStructure | None:
        """The index that identifies every row, None without one.

        It is the primary key, else the unique index with the fewest columns. A unique index over a
        nullable column or a prefix does not count.
        """
        keys = [index for index in self.indexes if index.is_key]
        return min(
            keys,
            key=lambda index: (index.name != PRIMARY, len(index.columns), index.name),
            default=None,
        )

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify every row, or nothing."""
        index = self.key_index
        return index.columns if index else ()

    @property
    def on_update_columns(self) -> tuple[str, ...]:
        """The columns that the server sets whenever a row changes."""
        return tuple(column.name for column in self.columns if column.is_stamped_on_update)

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decides how the table is read: columns in order, and key.

        Defaults, secondary indexes, foreign keys, the storage engine and our privileges are left
        out.
        """
        facts = {
            "table": self.name,
            "key": self.key,
            "columns": [
                [
                    column.name,
                    column.column_type,
                    column.is_nullable,
                    column.character_set,
                    column.collation,
                    column.is_generated,
                    column.is_stamped_on_update,
                ]
                for column in self.columns
            ],
        }
        text = json.dumps(facts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def missing_right(self, wanted: Iterable[str]) -> MissingRight | None:
        """Return the right that is missing to select these columns; None if none is.

        A column that the server does not list is gone, unless it hides some of the table's columns.
        """
        if self.hidden_from is None:
            return None
        readable = {column.name.lower() for column in self.columns if column.is_readable}
        columns = tuple(dict.fromkeys(name for name in wanted if name.lower() not in readable))
        if not columns:
            return None
        return MissingRight(self.hidden_from, self.name, columns, is_partial=True)

    def column(self, name: str) -> ColumnStructure:
        """Return the column of that name; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def read_structures(
    connection: SourceConnection, endpoint: Endpoint, *, tables: Sequence[str] = ()
) -> dict[str, TableStructure]:
    """Return the base tables of the connection's database, sorted by name.

    `tables` limits the result to these names. Raises SourceRefusedError when no table is visible:
    to an account without privileges every database looks empty. Tables that the server can open
    only after a repair are repaired by it first, where its settings allow that.
    """
    with source_errors(endpoint), connection.cursor() as cursor:
        found = _read_tables(cursor)
    if closed := [name for name, engine in found.items() if engine is None]:
        let_server_repair(connection, endpoint, sorted(closed))
    with source_errors(endpoint), connection.cursor() as cursor:
        found = _read_tables(cursor) if closed else found
        columns = _read_columns(cursor)
        merged = {name for name, engine in found.items() if engine == _MERGED_ENGINE}
        indexes = _read_indexes(cursor, columns, usable_index(connection), merged)
        partly_hidden = find_partly_hidden(cursor, found) | {
            name
            for name, listed in columns.items()
            if not all(column.is_readable for column in listed)
        }
        account = read_account(cursor) if partly_hidden else None
        foreign_keys = _read_foreign_keys(cursor)
    if not found:
        raise SourceRefusedError(
            f"the account sees no table in the database {endpoint.database!r}. The warehouse is "
            "unchanged. Grant it SELECT on that database, or correct the database's name in the "
            "connection 'open_dental'.",
            where=endpoint.name,
        )
    wanted = set(tables) or set(found)
    return {
        name: TableStructure(
            name=name,
            engine=found[name],
            columns=tuple(columns.get(name, ())),
            indexes=tuple(indexes.get(name, ())),
            hidden_from=account if name in partly_hidden else None,
            foreign_keys=tuple(foreign_keys.get(name, ())),
        )
        for name in sorted(found)
        if name in wanted
    }


def usable_index(connection: SourceConnection) -> str:
    """Return the condition on information_schema.statistics for indexes that the server uses.

    An index that is ignored (MariaDB) or invisible (MySQL) can neither be forced nor read by. The
    server is asked once in a process whether it knows such indexes.
    """
    server = server_id(connection)
    if server not in _usable:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                select column_name
                from information_schema.columns
                where table_schema = 'information_schema'
                and table_name = 'STATISTICS'
                and column_name in %s
                """,
                (list(_USABLE),),
            )
            known = [str(name).upper() for (name,) in cursor.fetchall()]
        conditions = [f"{name.lower()} = '{_USABLE[name]}'" for name in known]
        _usable[server] = " and ".join(conditions) or "true"
    return _usable[server]


def _read_tables(cursor: Any) -> dict[str, str | None]:
    # The server must open a table to say how long it is; where it cannot, it names no engine.
    cursor.execute(
        """
        select table_name, engine, table_type, data_length
        from information_schema.tables
        where table_schema = database()
        """
    )
    return {
        _name(name): engine
        for name, engine, kind, _ in cursor.fetchall()
        if kind in BASE_TABLE_TYPES
    }


def _read_columns(cursor: Any) -> dict[str, list[ColumnStructure]]:
    cursor.execute(
        """
        select
            table_name, column_name, column_type, data_type, is_nullable, column_default, extra,
            character_set_name, collation_name, privileges
        from information_schema.columns
        where table_schema = database()
        order by table_name, ordinal_position
        """
    )
    columns: dict[str, list[ColumnStructure]] = defaultdict(list)
    for table, name, column_type, data_type, nullable, default, extra, charset, collation, (
        privileges
    ) in cursor.fetchall():
        columns[table].append(
            ColumnStructure(
                table=table,
                name=_name(name),
                column_type=_text(column_type),
                data_type=data_type.lower(),
                is_nullable=nullable == "YES",
                default=None if default is None else _text(default),
                extra=extra or "",
                character_set=charset,
                collation=collation,
                is_generated=not _GENERATED.isdisjoint((extra or "").upper().split()),
                is_readable="select" in (privileges or "").lower().split(","),
            )
        )
    return columns


def _read_indexes(
    cursor: Any,
    columns: dict[str, list[ColumnStructure]],
    usable: str,
    merged: Collection[str],
) -> dict[str, list[IndexStructure]]:
    cursor.execute(
        f"""
        select table_name, index_name, non_unique, column_name, sub_part, index_type
        from information_schema.statistics
        where table_schema = database() and {usable}
        order by table_name, index_name, seq_in_index
        """  # noqa: S608 - a condition of our own
    )
    parts: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for table, index, *part in cursor.fetchall():
        parts[table, index].append(tuple(part))
    nullable = {
        (table, column.name): column.is_nullable
        for table, listed in columns.items()
        for column in listed
    }
    indexes: dict[str, list[IndexStructure]] = defaultdict(list)
    for (table, index), rows in sorted(parts.items()):
        is_unique = table not in merged and all(not int(row[0]) for row in rows)
        # An index over an expression has no column name.
        names = tuple(row[1] for row in rows)
        if any(name is not None and (table, name) not in nullable for name in names):
            # MySQL also lists indexes of columns that it hides from the account; MariaDB does not.
            continue
        is_key = is_unique and all(
            name is not None
            and sub_part is None
            and not nullable[table, name]
            and (index == PRIMARY or kind == "BTREE")
            for _, name, sub_part, kind in rows
        )
        is_plain = all(
            name is not None and sub_part is None and kind in _PLAIN_INDEXES
            for _, name, sub_part, kind in rows
        )
        indexes[table].append(
            IndexStructure(index, tuple(n for n in names if n is not None), is_key, is_plain)
        )
    return indexes


def _read_foreign_keys(cursor: Any) -> dict[str, list[ForeignKey]]:
    cursor.execute(
        """
        select
            table_name, constraint_name, column_name, referenced_table_name,
            referenced_column_name, referenced_table_schema = database()
        from information_schema.key_column_usage
        where table_schema = database() and referenced_table_name is not null
        order by table_name, constraint_name, ordinal_position
        """
    )
    parts: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for table, constraint, *part in cursor.fetchall():
        parts[table, constraint].append(tuple(part))
    foreign_keys: dict[str, list[ForeignKey]] = defaultdict(list)
    for (table, _), rows in sorted(parts.items()):
        columns, targets, target_columns, is_ours = zip(*rows, strict=True)
        foreign_keys[table].append(
            ForeignKey(columns, targets[0] if is_ours[0] else None, target_columns)
        )
    return foreign_keys


def _name(text: str) -> str:
    # It will stand in logs, errors and mails.
    if not 0 < len(text) <= _LONGEST_NAME:
        raise ValueError("no name of a table or column")
    return text


def _text(value: object) -> str:
    # MySQL 8 returns some of these columns as bytes.
    return value.decode() if isinstance(value, bytes) else str(value)
