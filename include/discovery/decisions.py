"""From structure and measurements to the config of every table: what tables.yml says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from include.catalog.document import NOT_HELD
from include.catalog.model import Catalog, CellExclusion, ColumnConfig, TableConfig, Tier
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
# Tables whose sums must agree with each other are settled together.
MONEY_GROUP = "money"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What discovery knows of the whole schema; every mapping is keyed by the table's name."""

    structures: Mapping[str, TableStructure]
    measurements: Mapping[str, TableMeasurement]
    references: Sequence[Reference]
    importance: Mapping[str, Importance]


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The tables that are left out, each with the reason: by choice, or because they must be."""

    excluded: Mapping[str, str]
    refused: Mapping[str, str]

    def __contains__(self, name: str) -> bool:
        return name in self.excluded or name in self.refused

    def refusing(self, more: Mapping[str, str]) -> Exclusions:
        """Return these with more tables refused."""
        return Exclusions(self.excluded, {**self.refused, **more})


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
    evidence: Evidence, left_out: Exclusions, overrides: Overrides, previous: Catalog | None
) -> Catalog:
    """Return the config of every table that is not left out, staying close to the previous one."""
    before = previous.tables if previous else {}
    tables = {
        name: _decide_table(evidence, table, overrides, before.get(name))
        for name, table in evidence.structures.items()
        if name not in left_out
    }
    return Catalog(
        tables=tables,
        excluded_tables=dict(sorted(left_out.excluded.items())),
        refused_tables=dict(sorted(left_out.refused.items())),
    )


def _decide_table(
    evidence: Evidence, table: TableStructure, overrides: Overrides, before: TableConfig | None
) -> TableConfig:
    measured, importance = evidence.measurements[table.name], evidence.importance[table.name]
    audit = tiers.audit_signals(table, evidence.references, importance)
    tier = tiers.choose_tier(importance, audit, before.tier if before else None)
    minutes = tiers.choose_expected_minutes(measured, before.expected_minutes if before else None)
    references = {
        reference.column: reference
        for reference in evidence.references
        if reference.table == table.name
        and reference.kind in (ReferenceKind.KEY, ReferenceKind.SELF)
    }
    columns = tuple(
        _decide_column(table, column, references.get(column.name), overrides)
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
    reference: Reference | None,
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
        references=reference.target if reference else None,
        phi=protected.phi,
        is_excluded=is_excluded,
        reference_origin=reference.origin if reference else None,
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
    try:
        check_names(table)
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
