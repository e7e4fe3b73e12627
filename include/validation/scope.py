"""What a run was meant to load, and how each table stands after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from include.catalog.model import Catalog, TableConfig
from include.engine.records import LOAD_FAILED
from include.errors import TerminalError
from include.validation.rules import Target, is_integer, reference_of
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class TableStanding:
    """A table's present state, and its load in this run (`load_state` None: no load)."""

    state: str = "never_loaded"
    loaded_at: datetime | None = None
    load_state: str | None = None
    load_error: str | None = None
    quarantine_reason: str | None = None

    @property
    def is_loaded_in_run(self) -> bool:
        """Whether this run compared the whole table with its source."""
        return self.blocked_reason is None and self.load_state == "succeeded"

    @property
    def blocked_reason(self) -> str | None:
        """Why the table cannot be judged and may not be published; None when it can."""
        if self.quarantine_reason is not None or self.state == "quarantined":
            return f"quarantined: {self.quarantine_reason or 'discovery must look at it'}"
        if self.load_state == "failed":
            return f"{LOAD_FAILED}: {self.load_error or 'no reason was recorded'}"
        if self.load_state == "running":
            return f"{LOAD_FAILED}: it did not end; the task died, or still runs"
        if self.state == "loading":
            return "its first load is not complete; the next refresh resumes it"
        return None


@dataclass(frozen=True, slots=True)
class RunScope:
    """One run: the config it is pinned to, the tables it covers, and how they stand."""

    run_id: int
    config_version: int
    phase: int
    requested: frozenset[str]
    standings: Mapping[str, TableStanding]

    def covers(self, table: TableConfig) -> bool:
        """Whether the run was asked to load the table."""
        return table.phase <= self.phase and (
            not self.requested or table.raw_name in self.requested
        )

    def standing(self, table: str) -> TableStanding:
        """Return how a raw table stands; one that nothing is known of was never loaded."""
        return self.standings.get(table, TableStanding())

    def targets(self, table: TableConfig, catalog: Catalog) -> Mapping[str, Target]:
        """Return the tables that the rows of `table` can be held against, by raw name."""
        by_name = {other.raw_name: other for other in catalog.tables.values()}
        wanted = {reference_of(table, column) for column in table.replicated_columns}
        found = (self._target(by_name[name]) for name in wanted if name in by_name)
        return {target.table: target for target in found if target is not None}

    def _target(self, table: TableConfig) -> Target | None:
        standing = self.standing(table.raw_name)
        if len(table.key) != 1 or not is_integer(table.column(table.key[0])):
            return None
        if standing.state != "loaded" or standing.loaded_at is None:
            return None
        key = table.key[0].lower()
        # A covered table without a load was empty on both sides, so its copy is fresh too.
        if standing.is_loaded_in_run or (self.covers(table) and standing.load_state is None):
            return Target(table.raw_name, key)
        return Target(table.raw_name, key, as_of=standing.loaded_at)


def read_scope(connection: WarehouseConnection, run_id: int) -> RunScope:
    """Read the run and every table's standing; raises TerminalError for a run that is unknown."""
    run = connection.execute(
        "select config_version, phase, requested_tables from ops.run where run_id = %s", (run_id,)
    ).fetchone()
    if run is None:
        raise TerminalError(
            f"has no run {run_id}. Nothing was judged; every verdict stands. Start a new run.",
            where="ops.run",
        )
    standings = {
        name: TableStanding(*facts)
        for name, *facts in connection.execute(
            "select state.table_name, state.state, state.loaded_at, load.state, load.error,"
            " quarantine.reason"
            " from ops.table_state as state"
            " left join ops.table_load as load"
            "   on load.table_name = state.table_name and load.run_id = %s"
            " left join ops.quarantine as quarantine"
            "   on quarantine.table_name = state.table_name",
            (run_id,),
        )
    }
    version, phase, requested = run
    return RunScope(run_id, version, phase, frozenset(map(str.lower, requested)), standings)
