"""Each table after a run: its state, its load in the run, and its quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from include.ops.blocks import Block, BlockedCode, load_failed, quarantined
from include.ops.load_results import LoadState
from include.ops.table_states import TableState
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class RunTable:
    """A table's present state, and its load in one run; `load_state` is None without a load.

    `is_loaded_since` says whether another run has loaded the table after that load had failed;
    `loading_run_id` is another run that is loading it at present.
    """

    state: TableState = TableState.NEVER_LOADED
    loaded_at: datetime | None = None
    load_state: LoadState | None = None
    load_error: str | None = None
    is_loaded_since: bool = False
    quarantine_reason: str | None = None
    loading_run_id: int | None = None

    @property
    def is_loaded_in_run(self) -> bool:
        """Whether the run compared the whole table with its source."""
        return (
            self.block is None
            and self.loading_run_id is None
            and (self.load_state is LoadState.SUCCEEDED or self.is_loaded_since)
        )

    @property
    def quarantine(self) -> str | None:
        """Why the table is in quarantine; None when it is not."""
        if self.quarantine_reason is not None or self.state is TableState.QUARANTINED:
            return self.quarantine_reason or "no reason was recorded"
        return None

    @property
    def failure(self) -> str | None:
        """Why the run's load of the table did not succeed.

        None when it did, when there is none, and when another run has loaded the table since.
        """
        if self.is_loaded_since:
            return None
        if self.load_state is LoadState.FAILED:
            return self.load_error or "no reason was recorded"
        if self.load_state is LoadState.RUNNING:
            return "it did not end; the task died, or still runs"
        return None

    @property
    def block(self) -> Block | None:
        """Why the table can be neither validated nor published; None when it can.

        One that another run is loading is that run's to judge: see `loading_run_id`.
        """
        if self.quarantine is not None:
            return quarantined(self.quarantine)
        if self.failure is not None:
            return load_failed(self.failure)
        if self.state is TableState.LOADING and self.loading_run_id is None:
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
            is_loaded_since=bool(is_loaded_since),
            quarantine_reason=quarantine_reason,
            loading_run_id=loading_run_id,
        )
        for (
            name,
            state,
            loaded_at,
            load_state,
            load_error,
            is_loaded_since,
            quarantine_reason,
            loading_run_id,
        ) in connection.execute(
            """
            select
                state.table_name, state.state, state.loaded_at, load.state, load.error,
                load.state <> 'succeeded' and exists (
                    select from ops.table_load as other
                    where other.table_name = load.table_name and other.run_id <> load.run_id
                        and other.state = 'succeeded'
                        and other.finished_at > coalesce(load.finished_at, load.started_at)
                ),
                quarantine.reason,
                (
                    select other.run_id
                    from ops.table_load as other
                    join ops.run as run using (run_id)
                    where state.state = 'loading' and other.run_id = state.last_run_id
                        and other.table_name = state.table_name and other.state = 'running'
                        and run.state = 'running' and other.run_id <> %(run)s
                )
            from ops.table_state as state
            left join ops.table_load as load
                on load.table_name = state.table_name and load.run_id = %(run)s
            left join ops.quarantine as quarantine
                on quarantine.table_name = state.table_name
            """,
            {"run": run_id},
        )
    }
