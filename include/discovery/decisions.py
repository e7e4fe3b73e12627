"""From structure and measurements to the config of every table: what tables.yml says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from include.source.structure import ColumnStructure, TableStructure
from include.source.warehouse_types import check_names, names_that_differ_by_case, warehouse_type

# Columns with these targets decide whose figures a changed row restates.
_RESTATED_TARGETS = frozenset({"patient"})
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

    def refusing(self, more: Mapping[str, str]) -> Exclusions:
        """Return these with more tables refused."""
        return Exclusions(self.excluded, {**self.refused, **more})


def exclusions(structures: Mapping[str, TableStructure], overrides: Overrides) -> Exclusions:
    """Return the tables that are left out by name, and those that cannot be replicated as is."""
    excluded = {}
    for name in structures:
        reason = None if name in overrides.included_tables else protection.excluded_table(name)
        if reason:
            excluded[name] = reason
    refused = names_that_differ_by_case(name for name in structures if name not in excluded)
    for name, table in structures.items():
        if name not in excluded and name not in refused and (reason := _refusal(table, overrides)):
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


@dataclass(frozen=True, slots=True)
class _Past:
    """A table's config of before, and the raw tables that the source lacks or cannot open now."""

    config: TableConfig | None
    absent: frozenset[str]

    def reference(self, column: str) -> str | None:
        """Return the absent table that the column references: it will when that is back."""
        for one in self.config.columns if self.config else ():
            target = one.references or ""
            if one.name == column and target.split(".")[0].lower() in self.absent:
                return target
        return None


def _decide_table(evidence: Evidence, name: str, overrides: Overrides, past: _Past) -> TableConfig:
    table, before = evidence.structures[name], past.config
    measured, importance = evidence.measurements[table.name], evidence.importance[table.name]
    audit = tiers.audit_signals(table, evidence.references, importance)
    tier = tiers.choose_tier(importance, audit, before.tier if before else None)
    minutes = tiers.choose_expected_minutes(measured, before.expected_minutes if before else None)
    targets = {
        reference.column: reference.target
        for reference in evidence.references
        if reference.table == table.name
        and reference.kind in (ReferenceKind.KEY, ReferenceKind.SELF)
    }
    columns = tuple(
        _decide_column(
            table, column, past.reference(column.name) or targets.get(column.name), overrides
        )
        for column in table.columns
    )
    index = table.key_index
    return TableConfig(
        name=table.name,
        key=table.key,
        columns=columns + _retired(table, before),
        tier=tier,
        chunk_rows=tiers.choose_chunk_rows(measured, before.chunk_rows if before else None),
        expected_minutes=minutes,
        sla_minutes=tiers.choose_sla_minutes(tier, minutes),
        quality_threshold=tiers.QUALITY_THRESHOLDS[tier],
        is_alerting=tier in tiers.ALERTING_TIERS,
        fingerprint=table.fingerprint,
        restate_by=_restate_by(table, tier, columns, targets),
        excluded_cells=_excluded_cells(table),
        consistency_group=MONEY_GROUP if table.name.lower() in MONEY_TABLES else None,
        key_index=index.name if index else "PRIMARY",
    )


def _decide_column(
    table: TableStructure, column: ColumnStructure, target: str | None, overrides: Overrides
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
        references=target,
        phi=protected.phi,
        is_excluded=is_excluded,
    )


def _excluded_cells(table: TableStructure) -> tuple[CellExclusion, ...]:
    """Return the cells that are read as NULL, where the table has the columns that tell them."""
    cell = protection.excluded_cell(table.name)
    names = {column.name.lower(): column.name for column in table.columns}
    if cell is None or not {cell.column.lower(), cell.when_column.lower()} <= names.keys():
        return ()
    column, when = names[cell.column.lower()], names[cell.when_column.lower()]
    return (CellExclusion(column, when, cell.pattern),)


def _retired(table: TableStructure, before: TableConfig | None) -> tuple[ColumnConfig, ...]:
    """Return the columns that the source had and dropped: their raw columns stay."""
    if before is None:
        return ()
    live = {column.name.lower() for column in table.columns}
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
    targets: Mapping[str, str | None],
) -> tuple[str, ...]:
    """Return the columns by whose old and new values marts restate days and families.

    Only tables that hold money, or say when something happens to a patient, move a mart; a log
    of who did what never does.
    """
    if tier is Tier.AUDIT:
        return ()
    people = {
        column.name
        for column in table.columns
        if (targets.get(column.name) or "").lower() in _RESTATED_TARGETS
        or ((column.name,) == table.key and table.name.lower() in _RESTATED_TARGETS)
    }
    unprotected = {column.name for column in columns if column.phi is None}
    # A birthday is a date too, and must not be copied into the warehouse's bookkeeping.
    dates = {column.name for column in business_dates(table)} & unprotected
    if not money_columns(table) and not (people and dates):
        return ()
    return tuple(column.name for column in table.columns if column.name in people | dates)


def _refusal(table: TableStructure, overrides: Overrides) -> str | None:
    excluded = overrides.excluded_columns(table.name)
    hidden = [c.name for c in table.columns if not c.is_readable and c.name not in excluded]
    if not table.columns or hidden:
        names = ", ".join(hidden) or "every column"
        return (
            f"{table.name}: the account may not select {names}. Grant it SELECT on the table, or "
            "exclude the columns in overrides.yml."
        )
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
        check_names(table)
        for column in table.columns:
            if column.name not in excluded:
                warehouse_type(column)
    except StructureError as error:
        return str(error)
    return None
