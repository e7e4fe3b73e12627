"""Ranges of a table's key, and the conditions that select a range in each database.

Paging needs a key that the source can read in index order and continue after a given value. Deleted
keys can be found by range only when both databases also order the key alike. Text does not qualify:
the source orders it by collation, the warehouse by bytes. Nor does a uuid, whose parts MariaDB
orders as it sees fit.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from uuid import UUID

from psycopg import sql

from include.catalog.model import TableConfig
from include.errors import StructureError
from include.source.session import quote

KeyValues = tuple[str, ...]


class KeyKind(StrEnum):
    """How the values of a key column are written as text."""

    NUMBER = "number"
    TEMPORAL = "temporal"
    BINARY = "binary"
    TEXT = "text"
    UUID = "uuid"
    ADDRESS = "address"


# Types that are not here (enum, set, bit, float, time ...) order or compare in ways that a literal
# does not reproduce; a table with such a key is compared as a multiset of rows.
_KINDS = {
    **dict.fromkeys(
        ("tinyint", "smallint", "mediumint", "int", "bigint", "year", "decimal"), KeyKind.NUMBER
    ),
    **dict.fromkeys(("date", "datetime", "timestamp"), KeyKind.TEMPORAL),
    **dict.fromkeys(("binary", "varbinary"), KeyKind.BINARY),
    **dict.fromkeys(("char", "varchar"), KeyKind.TEXT),
    "uuid": KeyKind.UUID,
    **dict.fromkeys(("inet4", "inet6"), KeyKind.ADDRESS),
}
_NOT_ORDERED_ALIKE = (KeyKind.TEXT, KeyKind.UUID)
_ADDRESS_HEADER_BYTES = 4
_TEXT_FORMS = {
    KeyKind.NUMBER: re.compile(r"-?\d+(\.\d+)?"),
    KeyKind.TEMPORAL: re.compile(r"[\d:. -]+"),
    KeyKind.BINARY: re.compile(r"([0-9a-f]{2})*"),
    KeyKind.UUID: re.compile(r"[0-9a-f-]{36}"),
    KeyKind.ADDRESS: re.compile(r"[0-9a-f.:]+"),
}


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Keys greater than `lo` and at most `hi`; None leaves an end open.

    Values are text; binary values are written as hex.
    """

    lo: KeyValues | None = None
    hi: KeyValues | None = None


@dataclass(frozen=True, slots=True)
class SourceCondition:
    """A SQL condition for the source; empty text means every row.

    `integers` are the parameters, one for each `?` in `text`.
    """

    text: str
    integers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column of a key that can be paged."""

    name: str
    kind: KeyKind
    source_type: str
    warehouse_type: str

    @property
    def is_integer(self) -> bool:
        """Whether every value is a whole number of 64 bits at most."""
        return self.kind is KeyKind.NUMBER and base_type(self.source_type) != "decimal"

    @property
    def is_unsigned(self) -> bool:
        """Whether an integer type is unsigned; zerofill implies it, and a year always is."""
        words = self.source_type.lower().split()
        return bool({"unsigned", "zerofill"} & set(words)) or words[0].startswith("year")

    @property
    def raw_name(self) -> str:
        """The column's name in `raw`."""
        return self.name.lower()

    def to_text(self, cell: bytes | None) -> str:
        """Return a cell of the binary protocol as text, as the bounds of a KeyRange are written.

        Raises StructureError for NULL and for text that PostgreSQL cannot hold.
        """
        if cell is None:
            raise StructureError(
                "is NULL in a row although it belongs to the key. The rows of the last good load "
                "are intact. The next refresh follows what has changed.",
                where=self.name,
            )
        if self.kind is KeyKind.BINARY:
            return cell.hex()
        if self.kind is KeyKind.TEMPORAL:
            return _temporal_text(cell)
        if self.kind is KeyKind.UUID:
            return str(UUID(bytes=cell))
        if self.kind is KeyKind.ADDRESS:
            return str(ip_address(cell[_ADDRESS_HEADER_BYTES:]))
        if self.is_integer:
            return str(int.from_bytes(cell, "little", signed=not self.is_unsigned))
        try:
            text = cell.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise StructureError(
                "belongs to the key and holds text that PostgreSQL cannot hold (U+0000 or "
                "invalid UTF-8). The rows of the last good load are intact. Correct it in the "
                "source, or exclude the table in overrides.yml.",
                where=self.name,
            )
        return text

    def source_operand(self, value: str) -> SourceCondition:
        """Return the operand for a bound in a condition for the source.

        An integer becomes a parameter, so that one prepared statement serves every page. Other
        types become literals, because no parameter type of the protocol describes them fully. Text
        and binary values are written as hex, so that no byte of a value is parsed as SQL. Raises
        StructureError for a bound that is not of the column's kind.
        """
        if self.kind is KeyKind.TEXT:
            return SourceCondition(f"_utf8mb4 x'{value.encode().hex()}'", ())
        if not _TEXT_FORMS[self.kind].fullmatch(value):
            raise StructureError(
                f"has a stored bound in ops.chunk that is no {self.kind}. Load the table with "
                "mode full after deleting its rows of ops.chunk.",
                where=self.name,
            )
        if self.is_integer:
            return SourceCondition("?", (int(value),))
        literals = {
            KeyKind.NUMBER: value,
            **dict.fromkeys((KeyKind.TEMPORAL, KeyKind.UUID, KeyKind.ADDRESS), f"'{value}'"),
            KeyKind.BINARY: f"x'{value}'",
        }
        return SourceCondition(literals[self.kind], ())

    def warehouse_literal(self, value: str) -> sql.Composable:
        """Return a literal for PostgreSQL with the column's type."""
        if self.kind is KeyKind.BINARY:
            return sql.SQL("decode({}, 'hex')").format(sql.Literal(value))
        return sql.SQL("cast({} as {})").format(
            sql.Literal(value),
            # A type from the closed list of include.source.warehouse_types.
            sql.SQL(self.warehouse_type),
        )


@dataclass(frozen=True, slots=True)
class PagingKey:
    """The columns in whose order a table is read; empty when it is read as a multiset of rows."""

    columns: tuple[KeyColumn, ...]

    @property
    def is_integer(self) -> bool:
        """Whether the key is a single integer column."""
        return len(self.columns) == 1 and self.columns[0].is_integer

    @property
    def is_ordered(self) -> bool:
        """Whether both databases order the key alike, so that ranges mean the same in both."""
        return bool(self.columns) and all(c.kind not in _NOT_ORDERED_ALIKE for c in self.columns)

    @property
    def raw_names(self) -> tuple[str, ...]:
        """The key's columns in `raw`."""
        return tuple(column.raw_name for column in self.columns)

    def source_condition(self, bounds: KeyRange) -> SourceCondition:
        """Return the condition for the source; it is empty when both ends are open."""
        names = [quote(column.name) for column in self.columns]
        conditions = []
        for values, last, other in ((bounds.lo, ">", ">"), (bounds.hi, "<=", "<")):
            if values is not None:
                operands = [c.source_operand(v) for c, v in zip(self.columns, values, strict=True)]
                conditions.append(_expand(names, operands, last=last, other=other))
        return _joined(" and ", conditions)

    def warehouse_predicate(self, bounds: KeyRange, alias: str) -> sql.Composable:
        """Return the same condition for the warehouse; only for ordered keys."""
        names = [sql.Identifier(alias, column.raw_name) for column in self.columns]
        conditions: list[sql.Composable] = [sql.SQL("true")]
        for values, operator in ((bounds.lo, ">"), (bounds.hi, "<=")):
            if values is not None:
                literals = [
                    c.warehouse_literal(v) for c, v in zip(self.columns, values, strict=True)
                ]
                # PostgreSQL uses an index for a row comparison; MariaDB needs _expand.
                conditions.append(
                    sql.SQL("({}) {} ({})").format(
                        sql.SQL(", ").join(names),
                        sql.SQL(operator),
                        sql.SQL(", ").join(literals),
                    )
                )
        return sql.SQL(" and ").join(conditions)


def paging_key(table: TableConfig) -> PagingKey:
    """Return the key in whose order the table is paged.

    It is empty, so that the table is read as a multiset of rows, when there is no key, or when one
    of its columns has a type that cannot be paged or is excluded in all or some rows.
    """
    columns = []
    hidden = {cell.column for cell in table.excluded_cells}
    for name in table.key:
        column = table.column(name)
        kind = _KINDS.get(base_type(column.source_type))
        if kind is None or column.is_excluded or name in hidden:
            return PagingKey(())
        columns.append(KeyColumn(name, kind, column.source_type, column.warehouse_type))
    return PagingKey(tuple(columns))


def _temporal_text(cell: bytes) -> str:
    """Return a date or timestamp of the binary protocol, which omits trailing zero parts."""
    parts = (cell + bytes(11))[:11]
    year, month, day, hour, minute, second, micros = struct.unpack("<HBBBBBI", parts)
    written = f"{year:04}-{month:02}-{day:02}"
    return f"{written} {hour:02}:{minute:02}:{second:02}.{micros:06}" if len(cell) > 4 else written


def base_type(source_type: str) -> str:
    """Return the bare name of a declared type: `bigint` of `bigint(20) unsigned`."""
    return re.split(r"[ (]", source_type.lower(), maxsplit=1)[0]


def _expand(
    names: Sequence[str], operands: Sequence[SourceCondition], *, last: str, other: str
) -> SourceCondition:
    """Write `(a, b) > (x, y)` as `a > x or (a = x and b > y)`: MariaDB uses an index for that."""
    alternatives = []
    for position in range(len(names)):
        operator = last if position == len(names) - 1 else other
        operators = [*["="] * position, operator]
        compared = [
            SourceCondition(f"{name} {compares} {operand.text}", operand.integers)
            for name, compares, operand in zip(names, operators, operands, strict=False)
        ]
        alternatives.append(_bracketed(_joined(" and ", compared)))
    return _bracketed(_joined(" or ", alternatives))


def _joined(word: str, conditions: Sequence[SourceCondition]) -> SourceCondition:
    return SourceCondition(
        word.join(condition.text for condition in conditions),
        tuple(integer for condition in conditions for integer in condition.integers),
    )


def _bracketed(condition: SourceCondition) -> SourceCondition:
    return SourceCondition(f"({condition.text})", condition.integers)
