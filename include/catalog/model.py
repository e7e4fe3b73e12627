"""The config of a replicated database, as frozen values.

A `Catalog` is `tables.yml` with `overrides.yml` applied; a `TableConfig` holds every decision about
one table. Measurements are not here: they are in `ops.table_profile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from include.open_dental.protection import PhiClass


class Tier(StrEnum):
    """How important a table is; also the name of the Airflow pool that loads it."""

    CRITICAL = "critical"
    IMPORTANT = "important"
    AUDIT = "audit"
    REFERENCE = "reference"

    @property
    def phase(self) -> int:
        """1 for critical to 4 for reference; a refresh of phase n takes phases 1 to n."""
        return list(Tier).index(self) + 1


class SubstitutionRule(StrEnum):
    """A kind of value that PostgreSQL cannot hold; replaced, and counted in ops.substitution."""

    ZERO_DATE = "zero_date"
    IMPOSSIBLE_DATE = "impossible_date"
    NUL_CHARACTER = "nul_character"
    INVALID_TEXT = "invalid_text"


class IndexChoice(StrEnum):
    """Which secondary indexes a raw table gets, besides its key."""

    DBT = "dbt"
    SOURCE = "source"
    NONE = "none"


class ReferenceOrigin(StrEnum):
    """Who told that a column refers to a table.

    A foreign key, the documentation of the practice software, a person in overrides.yml, or nobody:
    it was guessed from names and types.
    """

    DECLARED = "declared"
    DOCUMENTED = "documented"
    CONFIRMED = "confirmed"
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """One secondary index of a raw table, by raw column names.

    `expression` is SQL over the one column, which is indexed instead of the column itself. It must
    not fail for any value of the column.
    """

    columns: tuple[str, ...]
    expression: str | None = None


# More than a year, so that rows deleted since a month are still there when the same month of the
# next year is compared with it.
TOMBSTONE_DAYS = 400


@dataclass(frozen=True, slots=True)
class ColumnConfig:
    """One column of a source table.

    `source_type` is the whole declaration (`bigint(20) unsigned`); `warehouse_type` is the type of
    its raw column. An excluded column is never read and has no raw column. A retired column no
    longer exists in the source: its raw column stays and holds NULL. `references` names the table
    whose rows the column names, `reference_origin` who told it; a guess closes no gate.
    """

    name: str
    source_type: str
    warehouse_type: str
    references: str | None = None
    phi: PhiClass | None = None
    is_excluded: bool = False
    is_retired: bool = False
    reference_origin: ReferenceOrigin | None = None

    @property
    def raw_name(self) -> str:
        """The column's name in `raw`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class CellExclusion:
    """`column` is read as NULL in rows where `when_column` matches `pattern`.

    The pattern is a regular expression that the source evaluates without regard to case, so that
    an excluded value never leaves it.
    """

    column: str
    when_column: str
    pattern: str


@dataclass(frozen=True, slots=True)
class TableConfig:
    """Every decision about one source table.

    `key` is the primary key, or a unique index over columns that cannot be NULL; without either it
    is empty and the table is compared as a multiset of rows; `key_index` is the name of that index.
    `expected_minutes` and `sla_minutes` are counted from the start of the run. No mail depends on
    `is_alerting` yet: it is for service levels to come. `restate_by` names the columns whose old
    and new values are recorded in `ops.affected`. Tables that share a `consistency_group` are
    loaded again together until none changes. A value that a rule in `failing_rules` would replace
    fails the table's load instead. A tombstone stays for at least `tombstone_days`. `indexes` is
    the list that results from `index_choice`; None means that it is not known, and leaves existing
    indexes alone.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[ColumnConfig, ...]
    tier: Tier
    chunk_rows: int
    expected_minutes: float
    sla_minutes: float
    quality_threshold: float
    is_alerting: bool
    fingerprint: str
    restate_by: tuple[str, ...] = ()
    excluded_cells: tuple[CellExclusion, ...] = ()
    consistency_group: str | None = None
    key_index: str = "PRIMARY"
    failing_rules: tuple[SubstitutionRule, ...] = ()
    tombstone_days: int = TOMBSTONE_DAYS
    index_choice: IndexChoice = IndexChoice.DBT
    indexes: tuple[IndexConfig, ...] | None = None

    @property
    def raw_name(self) -> str:
        """The table's name in `raw`."""
        return self.name.lower()

    @property
    def phase(self) -> int:
        """The phase of the table's tier."""
        return self.tier.phase

    @property
    def replicated_columns(self) -> tuple[ColumnConfig, ...]:
        """The columns that are read, in the order of the source."""
        return tuple(
            column for column in self.columns if not column.is_excluded and not column.is_retired
        )

    def column(self, name: str) -> ColumnConfig:
        """Return the column of that name; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The config of one deployment: replicated tables, and tables left out with the reason.

    `refused_tables` cannot be replicated as they are; `excluded_tables` should not be.
    """

    tables: Mapping[str, TableConfig]
    excluded_tables: Mapping[str, str]
    refused_tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def left_out(self) -> dict[str, str]:
        """All tables that are not replicated, in order, with what a person reads about each."""
        return dict(sorted({**self.excluded_tables, **self.refusals}.items()))

    @property
    def refusals(self) -> dict[str, str]:
        """The refused tables, with what a person reads about each."""
        return {name: f"refused: {reason}" for name, reason in self.refused_tables.items()}

    @property
    def excluded_columns(self) -> dict[str, tuple[str, ...]]:
        """The columns that stay in the source, by table, in order."""
        found = {
            name: tuple(column.name for column in table.columns if column.is_excluded)
            for name, table in sorted(self.tables.items())
        }
        return {name: columns for name, columns in found.items() if columns}

    def of_tier(self, tier: Tier) -> tuple[TableConfig, ...]:
        """Return the tier's tables in the order of their names."""
        return tuple(table for _, table in sorted(self.tables.items()) if table.tier is tier)
