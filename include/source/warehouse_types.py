"""The warehouse type of each source type, and the tables that PostgreSQL cannot hold.

Only a column's declaration decides, never its values: a tinyint that has only held 0 and 1 is
still a smallint.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from include.errors import StructureError
from include.source.row_width import ROW_LIMIT_BYTES, HeldColumn, least_row_bytes, narrowing
from include.source.structure import ColumnStructure, TableStructure

NAME_LIMIT_BYTES = 63
# PostgreSQL allows 1600 columns; three are bookkeeping columns.
COLUMN_LIMIT = 1597
SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})

_PLAIN = {
    "tinyint": "smallint",
    "year": "smallint",
    "smallint": "smallint",
    "mediumint": "integer",
    "int": "integer",
    "bigint": "bigint",
    "float": "real",
    "double": "double precision",
    "date": "date",
    "datetime": "timestamp",
    "timestamp": "timestamptz",
    "time": "interval",
    "uuid": "uuid",
    "inet4": "inet",
    "inet6": "inet",
    **dict.fromkeys(
        ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"),
        "text",
    ),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), "bytea"),
}
# A tinyint or mediumint already has a type wide enough for its unsigned range.
_UNSIGNED = {"smallint": "integer", "int": "bigint", "bigint": "numeric(20,0)"}
_DECIMAL = re.compile(r"decimal\((\d+)(?:,\s*(\d+))?\)")
_BIT = re.compile(r"bit\((\d+)\)")
_LEFT_OUT = "The table was left out and is unchanged in the warehouse; the others go on."
_ADVICE = f"{_LEFT_OUT} Rename it in the source, or exclude it in overrides.yml."
_KEY_ADVICE = (
    f"{_LEFT_OUT} Rename it in the source, or exclude the table in overrides.yml: the column "
    "belongs to the key, which tells the rows apart."
)


def warehouse_type(column: ColumnStructure) -> str:
    """Return the PostgreSQL type that holds every value of the column.

    Raises StructureError, naming table and column, for a type that is not known; `check_columns`
    names all of a table.
    """
    declared = column.column_type.lower()
    if column.is_unsigned and column.data_type in _UNSIGNED:
        return _UNSIGNED[column.data_type]
    if column.data_type in _PLAIN:
        return _PLAIN[column.data_type]
    if match := _DECIMAL.match(declared):
        return f"numeric({match[1]},{match[2] or 0})"
    if match := _BIT.match(declared):
        return f"bit({match[1]})"
    raise StructureError(
        f"has the type {column.column_type:.100}, which no rule maps to a warehouse type. "
        f"{_LEFT_OUT} Exclude the column in overrides.yml to load the rest of the table.",
        where=f"{column.table}.{column.name}",
    )


def check_columns(structure: TableStructure, *, excluded: Collection[str]) -> None:
    """Raise StructureError when PostgreSQL cannot hold the columns that are not excluded.

    It names all columns of unknown types at once, or what to exclude from a table that is too wide.
    """
    columns = [column for column in structure.columns if column.name not in excluded]
    held: list[HeldColumn] = []
    unknown: list[ColumnStructure] = []
    for column in columns:
        try:
            held.append(HeldColumn(column.name, warehouse_type(column), column.is_nullable))
        except StructureError:
            unknown.append(column)
    if unknown:
        raise _unknown_types(structure, unknown)
    if len(columns) > COLUMN_LIMIT:
        raise StructureError(
            f"has {len(columns)} columns; PostgreSQL holds {COLUMN_LIMIT} of a source table. "
            f"{_LEFT_OUT} Exclude {len(columns) - COLUMN_LIMIT} or more of them in overrides.yml.",
            where=structure.name,
        )
    size = least_row_bytes(held)
    if size > ROW_LIMIT_BYTES:
        others = [column for column in held if column.name not in structure.key]
        raise StructureError(
            f"has rows of {size:,} bytes and more; PostgreSQL holds {ROW_LIMIT_BYTES:,}, so they "
            f"are {size - ROW_LIMIT_BYTES:,} too wide. {_LEFT_OUT} "
            + narrowing(others, size=size, limit=ROW_LIMIT_BYTES),
            where=structure.name,
        )


def _unknown_types(structure: TableStructure, unknown: Sequence[ColumnStructure]) -> StructureError:
    named = ", ".join(f"{column.name} ({column.column_type:.100})" for column in unknown)
    in_key = [column.name for column in unknown if column.name in structure.key]
    advice = (
        "Exclude these columns in overrides.yml to load the rest of the table."
        if not in_key
        else f"{', '.join(in_key)} cannot be excluded, because the key tells the rows apart: "
        "exclude the table in overrides.yml (exclude_tables), or let the practice give it another "
        "key."
    )
    return StructureError(
        f"has columns of types that no rule maps to a warehouse type: {named}. {_LEFT_OUT} "
        f"{advice}",
        where=structure.name,
    )


def check_names(structure: TableStructure, *, excluded: Collection[str]) -> None:
    """Raise StructureError when PostgreSQL cannot hold the names of the table or its columns.

    The name of an excluded column only has to differ from those of others.
    """
    _check_name(structure.name, where=structure.name, advice=_ADVICE)
    folded: dict[str, str] = {}
    for column in structure.columns:
        where = f"{structure.name}.{column.name}"
        if column.name not in excluded:
            advice = _KEY_ADVICE if column.name in structure.key else _ADVICE
            _check_name(column.name, where=where, advice=advice)
            if column.name.lower() in SYSTEM_COLUMNS:
                raise StructureError(
                    f"is the name of a system column of PostgreSQL. {advice}", where=where
                )
        twin = folded.setdefault(column.name.lower(), column.name)
        if twin != column.name:
            raise StructureError(
                f"differs from the column {twin} by case only. {_ADVICE}", where=where
            )


def names_that_differ_by_case(names: Iterable[str]) -> dict[str, str]:
    """Return the tables that share a lower-cased name with another, with the reason for each."""
    folded: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folded[name.lower()].append(name)
    return {
        name: f"differs from {', '.join(t for t in sorted(twins) if t != name)} by case only"
        for twins in folded.values()
        if len(twins) > 1
        for name in twins
    }


def _check_name(name: str, *, where: str, advice: str) -> None:
    size = len(name.lower().encode())
    if size > NAME_LIMIT_BYTES:
        raise StructureError(
            f"has a name of {size} bytes; PostgreSQL allows {NAME_LIMIT_BYTES}. {advice}",
            where=where,
        )
    if name.startswith("_"):
        raise StructureError(
            f"begins with an underscore, which is kept for names of our own. {advice}",
            where=where,
        )
