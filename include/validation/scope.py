"""What a run was meant to load, and how each table is after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from include.catalog.model import Catalog, TableConfig
from include.ops.run_tables import RunTable, read_run_tables
from include.ops.runs import Run, read_run
from include.ops.table_states import TableState
from include.validation.rules import Target, is_integer, reference_of
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class RunScope:
    """One run and every table that has a state, by its name in raw."""

    run: Run
    tables: Mapping[str, RunTable]

    @property
    def year(self) -> int:
        """The year in which the run is judged, by the warehouse's clock."""
        return self.run.read_at.astimezone(UTC).year

    def covers(self, table: TableConfig) -> bool:
        """Whether the run was asked to load the table."""
        return self.run.covers(table)

    def table(self, raw_name: str) -> RunTable:
        """Return how a raw table is; one that nothing is known of was never loaded."""
        return self.tables.get(raw_name, RunTable())

    def targets(self, table: TableConfig, catalog: Catalog) -> Mapping[str, Target]:
        """Return the tables that the rows of `table` can be held against, by raw name."""
        by_name = {other.raw_name: other for other in catalog.tables.values()}
        wanted = {reference_of(column) for column in table.replicated_columns}
        found = (self._target(by_name[name]) for name in wanted if name in by_name)
        return {target.table: target for target in found if target is not None}

    def _target(self, table: TableConfig) -> Target | None:
        found = self.table(table.raw_name)
        if len(table.key) != 1 or not is_integer(table.column(table.key[0])):
            return None
        if found.state is not TableState.LOADED or found.loaded_at is None:
            return None
        key = table.key[0].lower()
        # A covered table without a load was empty on both sides, so its copy is fresh too.
        if found.is_loaded_in_run or (self.covers(table) and found.load_state is None):
            return Target(table.raw_name, key)
        return Target(table.raw_name, key, as_of=found.loaded_at)


def read_scope(connection: WarehouseConnection, run_id: int) -> RunScope:
    """Read the run and every table's state; raises ConfigError for a run that is unknown."""
    return RunScope(read_run(connection, run_id), read_run_tables(connection, run_id))
