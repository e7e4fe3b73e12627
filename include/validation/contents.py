"""What raw holds of a table: its columns, how many rows live in it, and digests of them.

The server gives each version of a row the number of the transaction that wrote it, so the living
rows are the same exactly as long as their versions are: whoever changes a row in raw, the engine or
a person, moves the digest, and so does who adds or deletes one. That takes one scan, the same that
counts the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from psycopg import sql

from include.validation.rules import raw
from include.warehouse.session import WarehouseConnection

_WHOLE_NUMBERS = ("smallint", "integer", "bigint")


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column as the server knows it; the numbers tell apart two that have had one name."""

    number: int
    name: str
    type_name: str
    collation: int


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw table's identity, columns and primary key."""

    number: int
    columns: tuple[RawColumn, ...]
    primary_key: frozenset[str]

    def type_of(self, column: str) -> str:
        """Return the type of a column; empty without such a column."""
        return next((one.type_name for one in self.columns if one.name == column), "")


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows live in a table, and the digests of them and of their keys.

    `keys` is None if they were not asked for or are no whole numbers.
    """

    row_count: int
    rows: str
    keys: str | None


def read_raw_tables(
    connection: WarehouseConnection, names: Collection[str]
) -> Mapping[str, RawTable]:
    """Return these raw tables as the server knows them."""
    columns: dict[str, list[RawColumn]] = {}
    numbers: dict[str, int] = {}
    keys: dict[str, set[str]] = {}
    for table, table_number, number, column, type_name, collation, is_key in connection.execute(
        """
        select
            c.relname, c.oid::bigint, a.attnum, a.attname,
            format_type(a.atttypid, a.atttypmod), a.attcollation::bigint,
            coalesce(a.attnum = any(i.indkey), false)
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_index as i on i.indrelid = c.oid and i.indisprimary and i.indisvalid
        where c.relnamespace = to_regnamespace('raw') and c.relname = any(%s)
        order by c.relname, a.attnum
        """,
        (list(names),),
    ):
        numbers[table] = table_number
        columns.setdefault(table, []).append(RawColumn(number, column, type_name, collation))
        if is_key:
            keys.setdefault(table, set()).add(column)
    return {
        table: RawTable(number, tuple(columns[table]), frozenset(keys.get(table, ())))
        for table, number in numbers.items()
    }


def read_content(
    connection: WarehouseConnection, table: str, *, key: str | None, key_type: str
) -> Content:
    """Count the living rows of a raw table, and digest them and what `key` holds, in one scan.

    `key` is the column by which rows of others name these, and `key_type` its type in raw.
    """
    hashed = _hashed(key, key_type)
    row = connection.execute(
        sql.SQL(
            """
            select
                coalesce(sum(row_count), 0),
                encode(
                    sha256(
                        convert_to(
                            coalesce(
                                string_agg(
                                    written_by || ' ' || row_count, ',' order by written_by
                                ),
                                ''
                            ),
                            'UTF8'
                        )
                    ),
                    'hex'
                ),
                coalesce(sum(keys), 0)
            from (
                select xmin::text as written_by, count(*) as row_count, {} as keys
                from {}
                where _deleted_at is null
                group by xmin
            ) as versions
            """
        ).format(hashed or sql.SQL("0"), raw(table))
    ).fetchone()
    if row is None:
        raise RuntimeError("an aggregate returned no row")
    return Content(int(row[0]), row[1], f"{row[0]} {row[2]}" if hashed else None)


def read_keys(
    connection: WarehouseConnection, table: str, *, key: str, key_type: str
) -> str | None:
    """Return the digest of the living rows' keys, as `read_content` does."""
    hashed = _hashed(key, key_type)
    if hashed is None:
        return None
    row = connection.execute(
        sql.SQL("select count(*), coalesce({}, 0) from {} where _deleted_at is null").format(
            hashed, raw(table)
        )
    ).fetchone()
    return f"{row[0]} {row[1]}" if row else None


def _hashed(key: str | None, key_type: str) -> sql.Composed | None:
    """Return the sum of the keys' hashes in SQL; None for a key that is no whole number."""
    if key is None:
        return None
    column = sql.Identifier(key)
    if key_type in _WHOLE_NUMBERS:
        return sql.SQL("sum(hashint8extended({}::bigint, 0))").format(column)
    if key_type.startswith("numeric"):
        return sql.SQL("sum(hash_numeric_extended({}, 0))").format(column)
    return None
