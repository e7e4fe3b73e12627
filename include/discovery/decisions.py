"""From structure and measurements to the config of every table: what tables.yml says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from include.catalog.document import NOT_HELD
from include.catalog.model import (
    Catalog,
    CellExclusion,
    ColumnConfig,
    ReferenceOrigin,
    TableConfig,
    Tier,
)
from include.catalog.overrides import Overrides
from include.discovery import tiers
from include.discovery.importance import Importance, business_dates, money_columns
from include.discovery.profile import TableMeasurement
from include.discovery.references import Reference, ReferenceKind
from include.errors import StructureError
from include.open_dental import protection
from include.open_dental.special_tables import MONEY_TABLES
from include.source.rights import MissingRight
from include.source.structure import ColumnStructure, TableStructure
from include.source.warehouse_types import (
    check_columns,
    check_names,
    names_that_differ_by_case,
    warehouse_type,
)

# Columns with these targets decide whose figures a changed row restates.
_RESTATED_TARGETS = frozenset({"patient"})
# What a table without any of these speaks about has them.
_SPOKEN_OF_TARGETS = frozenset({"claimproc"})
# Tables whose sums must agree with each other are settled together.
MONEY_GROUP = "money"


UNREADABLE_TABLE = (
    "the server could not read the table when it was looked at. Every refresh looks at it again; "
    "if it stays so, have the practice check and repair it (CHECK TABLE, REPAIR TABLE)."
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What discovery knows of the schema; every mapping is keyed by the table's name.

    `structures` and `references` are those of the whole schema. `looked_at` are the tables that are
    to be decided; `measurements` and `importance` have those of them that could be read.
    """

    structures: Mapping[str, TableStructure]
    looked_at: frozenset[str]
    measurements: Mapping[str, TableMeasurement]
    references: Sequence[Reference]
    importance: Mapping[str, Importance]

    @property
    def live(self) -> frozenset[str]:
        """The names in raw of the tables that the source has."""
        return frozenset(name.lower() for name in self.structures)


@dataclass(frozen=True, slots=True)
class Before:
    """The decisions of before, and the raw tables that were loaded at some time."""

    decided: Catalog
    loaded: frozenset[str] = frozenset()

    def of(self, name: str) -> TableConfig | None:
        """Return a table's config; its name may have been written in another case."""
        tables = self.decided.tables
        folded = [table for table in tables.values() if table.raw_name == name.lower()]
        return tables.get(name) or (folded[0] if len(folded) == 1 else None)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The tables that are left out, each with the reason: by choice, or because they must be."""

    excluded: Mapping[str, str]
    refused: Mapping[str, str]

    def __contains__(self, name: str) -> bool:
        return name in self.excluded or name in self.refused


def exclusions(
    structures: Mapping[str, TableStructure], overrides: Overrides, previous: Catalog | None
) -> Exclusions:
    """Return the tables that are left out by name, and those that cannot be replicated as is."""
    before = previous.tables if previous else {}
    excluded = {}
    for name, table in structures.items():
        reason = None if name in overrides.included_tables else protection.excluded_table(name)
        reason = reason or _credential_in_key(table, overrides)
        if reason:
            excluded[name] = reason
    refused = names_that_differ_by_case(name for name in structures if name not in excluded)
    for name, table in structures.items():
        if name not in excluded and name not in refused:
            reason = _refusal(table, overrides, before.get(name))
            if reason:
                refused[name] = reason
    return Exclusions(excluded, refused)


def decide(
    evidence: Evidence, left_out: Exclusions, overrides: Overrides, before: Before
) -> Catalog:
    """Return the decisions of before, with those about the tables that were looked at in place.

    A table keeps its config where no other can be decided: when the server cannot read it at
    present, when it can no longer be replicated as it is (then it is among the refused tables as
    well), and when the source no longer has it although it was loaded once.
    """
    excluded = {n: why for n, why in left_out.excluded.items() if n in evidence.looked_at}
    refused = {n: why for n, why in left_out.refused.items() if n in evidence.looked_at}
    answered = {n: n.lower() for n in evidence.measurements if n not in left_out}
    kept = {
        name: table
        for name, table in before.decided.tables.items()
        if table.raw_name not in {*answered.values(), *map(str.lower, excluded)}
        and table.raw_name in evidence.live | before.loaded
    }
    open_now = {name.lower() for name, table in evidence.structures.items() if table.is_open}
    absent = frozenset(table.raw_name for table in kept.values()) - open_now
    known = {table.raw_name for table in kept.values()} | {*answered.values()}
    unreadable = {
        name: UNREADABLE_TABLE
        for name in evidence.looked_at
        if name.lower() not in known and name not in left_out
    }
    untouched = {
        name: why
        for name, why in before.decided.excluded_tables.items()
        if name in evidence.structures and name not in evidence.looked_at
    }
    decided = {
        name: _decide_table(evidence, name, overrides, _Past(before.of(name), absent))
        for name in answered
    }
    return Catalog(
        tables=dict(sorted({**kept, **decided}.items())),
        excluded_tables=dict(sorted({**untouched, **excluded}.items())),
        refused_tables=dict(sorted({**refused, **unreadable}.items())),
    )


# The table that a column references, and who told it.
_Target: TypeAlias = tuple[str | None, ReferenceOrigin | None]


@dataclass(frozen=True, slots=True)
class _Past:
    """A table's config of before, and the raw tables that the source lacks or cannot open now."""

    config: TableConfig | None
    absent: frozenset[str]

    def references(self) -> dict[str, _Target]:
        """Return which absent tables the columns reference: they will when those are back."""
        return {
            one.name: (one.references, one.reference_origin)
            for one in (self.config.columns if self.config else ())
            if one.references and one.references.split(".")[0].lower() in self.absent
        }


def _decide_table(evidence: Evidence, name: str, overrides: Overrides, past: _Past) -> TableConfig:
    table, before = evidence.structures[name], past.config
    measured, importance = evidence.measurements[table.name], evidence.importance[table.name]
    audit = tiers.audit_signals(table, evidence.references, importance)
    tier = tiers.choose_tier(importance, audit, before.tier if before else None)
    minutes = tiers.choose_expected_minutes(measured, before.expected_minutes if before else None)
    targets: dict[str, _Target] = {
        reference.column: (reference.target, reference.origin)
        for reference in evidence.references
        if reference.table == table.name
        and reference.kind in (ReferenceKind.KEY, ReferenceKind.SELF)
    }
    targets |= past.references()
    columns = tuple(
        _decide_column(table, column, targets.get(column.name, (None, None)), overrides)
        for column in table.columns
    )
    index = table.key_index
    hidden = _hidden(table, overrides, before)
    return TableConfig(
        name=table.name,
        key=table.key,
        columns=columns + hidden + _retired(table, hidden, before),
        tier=tier,
        chunk_rows=tiers.choose_chunk_rows(measured, before.chunk_rows if before else None),
        expected_minutes=minutes,
        sla_minutes=tiers.choose_sla_minutes(tier, minutes),
        quality_threshold=tiers.QUALITY_THRESHOLDS[tier],
        is_alerting=tier in tiers.ALERTING_TIERS,
        fingerprint=table.fingerprint,
        restate_by=_restate_by(table, tier, columns),
        excluded_cells=_excluded_cells(table),
        consistency_group=MONEY_GROUP if table.name.lower() in MONEY_TABLES else None,
        key_index=index.name if index else "PRIMARY",
    )


def _decide_column(
    table: TableStructure,
    column: ColumnStructure,
    target: _Target,
    overrides: Overrides,
) -> ColumnConfig:
    protected = protection.protect(table.name, column.name, column.data_type)
    # What is part of the key must be read, or no row could be told from another.
    is_excluded = protected.is_excluded and column.name not in table.key
    try:
        held = warehouse_type(column)
    except StructureError:
        if column.name not in overrides.excluded_columns(table.name):
            raise
        held, is_excluded = NOT_HELD, True
    return ColumnConfig(
        name=column.name,
        source_type=column.column_type,
        warehouse_type=held,
        references=target[0],
        phi=protected.phi,
        is_excluded=is_excluded,
        reference_origin=target[1],
    )


def _excluded_cells(table: TableStructure) -> tuple[CellExclusion, ...]:
    """Return the cells that are read as NULL, where the table has the columns that tell them."""
    cell = protection.excluded_cell(table.name)
    names = {column.name.lower(): column.name for column in table.columns}
    if cell is None or not {cell.column.lower(), cell.when_column.lower()} <= names.keys():
        return ()
    column, when = names[cell.column.lower()], names[cell.when_column.lower()]
    return (CellExclusion(column, when, cell.pattern),)


def _retired(
    table: TableStructure, hidden: Sequence[ColumnConfig], before: TableConfig | None
) -> tuple[ColumnConfig, ...]:
    """Return the columns that the source had and dropped: their raw columns stay."""
    if before is None:
        return ()
    live = {column.name.lower() for column in table.columns} | {one.raw_name for one in hidden}
    return tuple(
        ColumnConfig(
            name=column.name,
            source_type=column.source_type,
            warehouse_type=column.warehouse_type,
            phi=column.phi,
            is_retired=True,
        )
        for column in before.columns
        if column.raw_name not in live and not column.is_excluded
    )


def _restate_by(
    table: TableStructure,
    tier: Tier,
    columns: Sequence[ColumnConfig],
) -> tuple[str, ...]:
    """Return the columns by whose old and new values marts restate days and families.

    Only tables that hold money, or say when something happens to a patient, move a mart; a log
    of who did what never does.
    """
    if tier is Tier.AUDIT:
        return ()
    people = {
        column.name
        for column in columns
        if (column.references or "").lower() in _RESTATED_TARGETS
        or ((column.name,) == table.key and table.name.lower() in _RESTATED_TARGETS)
    }
    people = people or {
        column.name for column in columns if (column.references or "").lower() in _SPOKEN_OF_TARGETS
    }
    unprotected = {column.name for column in columns if column.phi is None}
    # A birthday is a date too, and must not be copied into the warehouse's bookkeeping.
    dates = {column.name for column in business_dates(table)} & unprotected
    if not money_columns(table) and not (people and dates):
        return ()
    return tuple(column.name for column in table.columns if column.name in people | dates)


def _credential_in_key(table: TableStructure, overrides: Overrides) -> str | None:
    """Return why a table is left out whose key cannot be read without reading a credential."""
    kept = overrides.kept_columns(table.name)
    names = [
        name
        for name in table.key
        if name not in kept
        and protection.protect(table.name, name, table.column(name).data_type).is_excluded
    ]
    if not names:
        return None
    return (
        f"its key holds a credential ({', '.join(names)}). What raw holds of the table stays until "
        "a person drops it. To replicate it, set `excluded: false` for the column in overrides.yml"
    )


def _refusal(table: TableStructure, overrides: Overrides, before: TableConfig | None) -> str | None:
    excluded = overrides.excluded_columns(table.name)
    missing = _missing_right(table, excluded, before)
    if missing:
        return f"{table.name}: {missing.seen}. {missing.advice}"
    cell = protection.excluded_cell(table.name)
    present = {column.name.lower(): column.name for column in table.columns}
    if cell and cell.column.lower() in present and cell.when_column.lower() not in present:
        name = present[cell.column.lower()]
        if name not in excluded:
            return (
                f"{table.name}.{cell.when_column}: there is no such column, and only it tells "
                f"which cells of {name} hold credentials. Exclude {name} in overrides.yml."
            )
    try:
        check_names(table, excluded=excluded)
        check_columns(table, excluded=excluded)
    except StructureError as error:
        return str(error)
    return None


def _missing_right(
    table: TableStructure, excluded: Collection[str], before: TableConfig | None
) -> MissingRight | None:
    """Return the right that is missing, None if the account may select all that is to be read.

    The names of hidden columns are not known here. That some are hidden on purpose is said by a
    person who excludes columns that the account does not see, or by the config of a time when it
    saw them. The key must not be among them: rows could not be told apart without anybody's notice.
    """
    if table.hidden_from is None:
        return None
    readable = {column.name.lower() for column in table.columns if column.is_readable}
    unread = {name.lower() for name in excluded}
    known = [column.name for column in table.columns]
    if before is not None:
        unread |= {column.raw_name for column in before.columns if _stays_behind(column)}
        known += [column.name for column in before.replicated_columns]
    named = table.missing_right(name for name in known if name.lower() not in unread)
    has_key = bool(table.key) or (before is not None and not before.key)
    if named or (has_key and not unread <= readable):
        return named
    return MissingRight(table.hidden_from, table.name, is_partial=True)


def _hidden(
    table: TableStructure, overrides: Overrides, before: TableConfig | None
) -> tuple[ColumnConfig, ...]:
    """Return the columns that stay in the source and that the account does not even see.

    They keep their names in the config, where a person and the next discovery find them.
    """
    if table.hidden_from is None:
        return ()
    listed = {column.name.lower() for column in table.columns}
    found = {name: _unseen(name) for name in sorted(overrides.excluded_columns(table.name))}
    found |= {c.name: c for c in before.columns if _stays_behind(c)} if before else {}
    return tuple(column for name, column in found.items() if name.lower() not in listed)


def _unseen(name: str) -> ColumnConfig:
    return ColumnConfig(name, "hidden", NOT_HELD, is_excluded=True)


def _stays_behind(column: ColumnConfig) -> bool:
    """Whether discovery, which saw the column, has excluded it."""
    return column.is_excluded and column.warehouse_type != NOT_HELD
