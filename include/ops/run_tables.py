"""Each table after a run: its state, its load in the run, and its quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from include.ops.load_results import LoadState
from include.ops.table_states import Block, BlockedCode, TableState, load_failed, quarantined
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class RunTable:
    """A table's present state, and its load in one run; `load_state` is None without a load."""

    state: TableState = TableState.NEVER_LOADED
    loaded_at: datetime | None = None
    load_state: LoadState | None = None
    load_error: str | None = None
    quarantine_reason: str | None = None

    @property
    def is_loaded_in_run(self) -> bool:
        """Whether the run compared the whole table with its source."""
        return self.block is None and self.load_state is LoadState.SUCCEEDED

    @property
    def quarantine(self) -> str | None:
        """Why the table is in quarantine; None when it is not."""
        if self.quarantine_reason is not None or self.state is TableState.QUARANTINED:
            return self.quarantine_reason or "no reason was recorded"
        return None

    @property
    def failure(self) -> str | None:
        """Why the run's load of the table did not succeed; None when it did, or there is none."""
        if self.load_state is LoadState.FAILED:
            return self.load_error or "no reason was recorded"
        if self.load_state is LoadState.RUNNING:
            return "it did not end; the task died, or still runs"
        return None

    @property
    def block(self) -> Block | None:
        """Why the table can be neither validated nor published; None when it can."""
        if self.quarantine is not None:
            return quarantined(self.quarantine)
        if self.failure is not None:
            return load_failed(self.failure)
        if self.state is TableState.LOADING:
            return Block(
                BlockedCode.LOADING, "its first load is not complete; the next refresh resumes it"
            )
        return None


def read_run_tables(connection: WarehouseConnection, run_id: int) -> dict[str, RunTable]:
    """Return every table that has a state, by its name in raw."""
    return {
        name: RunTable(
            state=TableState(state),
            loaded_at=loaded_at,
            load_state=LoadState(load_state) if load_state else None,
            load_error=load_error,
            quarantine_reason=quarantine_reason,
        )
        for name, state, loaded_at, load_state, load_error, quarantine_reason in connection.execute(
            """
            select
                state.table_name, state.state, state.loaded_at, load.state, load.error,
                quarantine.reason
            from ops.table_state as state
            left join ops.table_load as load
                on load.table_name = state.table_name and load.run_id = %s
            left join ops.quarantine as quarantine
                on quarantine.table_name = state.table_name
            """,
            (run_id,),
        )
    }
