"""The rules that a table's rows must keep, derived from its config and the code lists.

Pure: nothing is read here, and no condition depends on the server's clock: the same rule says the
same of the same rows. Every rule carries its condition as SQL, true for a row that keeps it and
never NULL, so that the same condition serves the expectation that counts breaches and the query
that counts each breaking row once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from psycopg import sql

from include.catalog.model import ColumnConfig, ReferenceOrigin, TableConfig
from include.open_dental.codes import CodeList, code_list
from include.open_dental.schema import facts_of
from include.open_dental.special_tables import is_history
from include.open_dental.values import (
    EARLIEST_YEAR,
    EMPTY_DATE,
    ENDLESS_DATES,
    ENDLESS_YEAR,
    NO_REFERENCE,
)
from include.ops.validation_results import Effect

# Recalls, terminations of coverage and appointments lie in the future, but not centuries ahead. The
# years end with the calendar's, so that a verdict does not change from one day to the next.
YEARS_AHEAD = 100

_DATES = ("date", "timestamp")
_FLOATS = ("real", "double precision")
_UNREAL = ("NaN", "Infinity", "-Infinity")
# Who told a reference that counts in the quality of its table. A guess never does.
_TRUSTED = {
    ReferenceOrigin.DECLARED: "declared by a foreign key",
    ReferenceOrigin.DOCUMENTED: "documented by the practice software",
    ReferenceOrigin.CONFIRMED: "confirmed in overrides.yml",
}
_GUESSED = "a guess from its name"
_HISTORY = "a row of the past, and the source deletes or replaces what it names"
_INTEGERS = ("smallint", "integer", "bigint", "numeric(20,0)")


class RuleKind(StrEnum):
    """What a rule asks; also the name of its check in `ops.validation_result`."""

    NOT_NULL = "not_null"
    UNIQUE = "unique"
    CODE = "code"
    DATE = "date"
    FINITE = "finite"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Target:
    """A table that rows may point to.

    `as_of` is None when the target was compared with its source in this run; otherwise only rows
    that are older than its copy can be held against it: later ones may name rows that it does not
    hold yet.
    """

    table: str
    key: str
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule over raw columns.

    `description` says to people what holds, `breach` what a row that breaks it does, both without a
    row's value. `target` is the table that a reference is held against.
    """

    kind: RuleKind
    columns: tuple[str, ...]
    condition: sql.Composable = field(compare=False)
    description: str
    breach: str
    effect: Effect = Effect.BLOCKS
    target: str | None = None


def rules_for(
    table: TableConfig,
    targets: Mapping[str, Target],
    *,
    year: int,
    primary_key: frozenset[str] = frozenset(),
) -> tuple[Rule, ...]:
    """Return the rules of a table in that year; references into others than `targets` are left out.

    `primary_key` are the columns of the raw table's, by which the server itself keeps rows apart.
    """
    return (*_key_rules(table, primary_key), *_column_rules(table, targets, year))


def is_integer(column: ColumnConfig) -> bool:
    """Whether the column holds whole numbers, as Open Dental's keys do."""
    return column.warehouse_type in _INTEGERS


def raw(table: str) -> sql.Identifier:
    """Return the quoted name of a raw table."""
    return sql.Identifier("raw", table)


def reference_of(column: ColumnConfig) -> str | None:
    """Return the raw name of the table whose rows the column names, as far as it can be checked."""
    if column.references is None or not is_integer(column):
        return None
    return column.references.lower()


def _keys(table: TableConfig) -> Iterator[tuple[str, ...]]:
    """Yield the key by which the table is read and, where the source has another, the documented.

    Models join on the documented key, and the source may have lost it.
    """
    key = tuple(name.lower() for name in table.key)
    if key:
        yield key
    facts = facts_of(table.name, (column.name for column in table.replicated_columns))
    if facts is not None and (facts.key.lower(),) != key:
        yield (facts.key.lower(),)


def _key_rules(table: TableConfig, primary_key: frozenset[str]) -> Iterator[Rule]:
    keys = tuple(_keys(table))
    for name in dict.fromkeys(name for key in keys for name in key):
        yield Rule(
            RuleKind.NOT_NULL,
            (name,),
            sql.SQL("{} is not null").format(sql.Identifier(name)),
            f"{name} is filled in every row: it is part of the key.",
            f"{name} is empty, a part of the key",
        )
    for key in keys:
        is_kept: sql.Composable = sql.SQL("true")
        if primary_key != frozenset(key):
            is_kept = sql.SQL(
                """
                coalesce(
                    ({names}) not in (
                        select {names}
                        from {raw}
                        where _deleted_at is null
                        group by {names}
                        having count(*) > 1
                    ),
                    true
                )
                """
            ).format(names=sql.SQL(", ").join(map(sql.Identifier, key)), raw=raw(table.raw_name))
        yield Rule(
            RuleKind.UNIQUE,
            key,
            is_kept,
            f"{', '.join(key)} is the key: no two rows share it.",
            f"the key {', '.join(key)} is that of another row as well",
        )


def _column_rules(table: TableConfig, targets: Mapping[str, Target], year: int) -> Iterator[Rule]:
    # What a code or a date may be is known of the practice software's own tables alone.
    is_known = facts_of(table.name, (column.name for column in table.columns)) is not None
    for column in table.replicated_columns:
        codes = code_list(table.name, column.name) if is_known else None
        if codes is not None:
            yield _code_rule(column, codes)
        if is_known and column.warehouse_type.startswith(_DATES):
            yield _date_rule(column, year)
        if column.warehouse_type in _FLOATS or column.warehouse_type.startswith("numeric"):
            yield _finite_rule(column)
        target = targets.get(reference_of(column) or "")
        if target is not None:
            yield _reference_rule(table, column, target)


def _code_rule(column: ColumnConfig, codes: CodeList) -> Rule:
    name = sql.Identifier(column.raw_name)
    if codes.texts:
        # The source compares text without case, so a code in another case is the same code.
        condition = sql.SQL("({0} is null or lower({0}) in ({1}))").format(
            name, sql.SQL(", ").join(sql.Literal(text.lower()) for text in codes.texts)
        )
    else:
        condition = sql.SQL("({0} is null or {0} in ({1}))").format(
            name, sql.SQL(", ").join(map(sql.Literal, codes.numbers))
        )
    return Rule(
        RuleKind.CODE,
        (column.raw_name,),
        condition,
        f"{column.raw_name} holds a code of the list {codes.name}.",
        f"{column.raw_name} holds no code of the list {codes.name}",
    )


def _date_rule(column: ColumnConfig, year: int) -> Rule:
    special = sql.SQL(", ").join(map(sql.Literal, (EMPTY_DATE, *ENDLESS_DATES)))
    condition = sql.SQL(
        """
        (
            {0} is null
            or {0}::date between {1} and {2}
            or {0}::date in ({3})
            or extract(year from {0}) = {4}
        )
        """
    ).format(
        sql.Identifier(column.raw_name),
        sql.Literal(f"{EARLIEST_YEAR}-01-01"),
        sql.Literal(f"{year + YEARS_AHEAD}-12-31"),
        special,
        sql.Literal(ENDLESS_YEAR),
    )
    return Rule(
        RuleKind.DATE,
        (column.raw_name,),
        condition,
        f"{column.raw_name} lies between {EARLIEST_YEAR} and {YEARS_AHEAD} years ahead, or "
        f"means empty ({EMPTY_DATE}) or without end ({', '.join(ENDLESS_DATES)}).",
        f"{column.raw_name} lies before {EARLIEST_YEAR} or more than {YEARS_AHEAD} years ahead",
    )


def _finite_rule(column: ColumnConfig) -> Rule:
    unreal = ("NaN",) if column.warehouse_type.startswith("numeric") else _UNREAL
    return Rule(
        RuleKind.FINITE,
        (column.raw_name,),
        sql.SQL("({0} is null or {0} not in ({1}))").format(
            sql.Identifier(column.raw_name), sql.SQL(", ").join(map(sql.Literal, unreal))
        ),
        f"{column.raw_name} is a finite number.",
        f"{column.raw_name} is no finite number",
    )


def _reference_rule(table: TableConfig, column: ColumnConfig, target: Target) -> Rule:
    name = sql.Identifier(column.raw_name)
    # What is below "none" is no row either.
    exempt = sql.SQL("{0} is null or {0} <= {1}").format(name, sql.Literal(NO_REFERENCE))
    if target.as_of is not None:
        exempt += sql.SQL(" or _loaded_at >= {}").format(sql.Literal(target.as_of))
    effect, teller = _standing(table, column, target)
    return Rule(
        RuleKind.REFERENCE,
        (column.raw_name,),
        sql.SQL("({} or {} in (select {} from {} where _deleted_at is null))").format(
            exempt, name, sql.Identifier(target.key), raw(target.table)
        ),
        f"{column.raw_name} is {NO_REFERENCE} or names a row of {target.table}: {teller}.",
        f"{column.raw_name} names no row of {target.table} ({teller})",
        effect,
        target.table,
    )


def _standing(table: TableConfig, column: ColumnConfig, target: Target) -> tuple[Effect, str]:
    """Return what a breach of a reference does, and who told the reference."""
    # A row of the past that names a row that is gone is no breach, whoever told the reference.
    if is_history(table.raw_name, target.table):
        return Effect.FINDING, _HISTORY
    teller = _TRUSTED.get(column.reference_origin) if column.reference_origin else None
    if teller is None:
        return Effect.FINDING, _GUESSED
    return Effect.BLOCKS, teller
