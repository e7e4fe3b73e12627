"""What each mart holds (`ops.mart_state`), and what each model has read (`ops.model_input`).

dbt records what it built and what that read, in the transaction of each model. The rest follows
from it here: a mart that a build did not make keeps its rows. It is blocked by the tables that it
reads, however far down, and that are not publishable. When there are none, it has failed if it is
stale; if not, it holds what a build would make of it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from include.ops.table_states import publishable_tables
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class MartState:
    """What a mart holds; `blocked_by` names tables, `built_at` is None for one never built.

    `is_new` says that this build made it. `as_of` is the start of the earliest run that last
    compared one of its tables with the source; None where no run has.
    """

    name: str
    state: Literal["built", "blocked", "failed"]
    built_at: datetime | None
    blocked_by: tuple[str, ...] = ()
    is_new: bool = False
    as_of: datetime | None = None

    @property
    def is_built(self) -> bool:
        """Whether it holds what its tables, its SQL and the settings make of it now."""
        return self.state == "built"


def mark_marts(
    connection: WarehouseConnection,
    marts: Mapping[str, frozenset[str]],
    *,
    stale: Collection[str],
    since: datetime,
    renewed: Collection[str] = (),
    run_id: int | None = None,
) -> tuple[MartState, ...]:
    """Mark each of these marts by what a build made since then; return them by name.

    `marts` have the raw tables that each reads; all others keep their state. `stale` are those that
    a build would have to make, `renewed` views of which it has made what is below them. `since` is
    a time of the warehouse's clock. The batch and time of its last build stay with a mart, and so
    does its run where no `run_id` is given. The caller owns the transaction.
    """
    publishable = publishable_tables(connection)
    _renew(connection, {name: marts[name] for name in renewed})
    compared = _last_compared(connection)
    built = {
        str(mart): (bool(is_new), built_at)
        for mart, is_new, built_at in connection.execute(
            "select mart, state = 'built' and built_at >= %s, built_at from ops.mart_state",
            (since,),
        )
    }
    marked = []
    for name, tables in sorted(marts.items()):
        is_new, built_at = built.get(name, (False, None))
        closed = tuple(sorted(tables - publishable)) if not is_new else ()
        state: Literal["built", "blocked", "failed"] = "built"
        if closed:
            state = "blocked"
        elif name in stale and not is_new:
            state = "failed"
        as_of = _as_of(tables, compared)
        marked.append(MartState(name, state, built_at, closed, is_new, as_of))
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.mart_state as held (mart, state, blocked_by, run_id)
            values (%s, %s, %s, %s)
            on conflict (mart) do update set
                state = excluded.state,
                blocked_by = excluded.blocked_by,
                run_id = coalesce(excluded.run_id, held.run_id)
            """,
            [(mart.name, mart.state, list(mart.blocked_by), run_id) for mart in marked],
        )
    return tuple(marked)


def read_marks(
    connection: WarehouseConnection,
    marts: Mapping[str, frozenset[str]],
    *,
    run_id: int,
    since: datetime,
) -> tuple[MartState, ...]:
    """Return the marts as the build of this run marked them; nothing if no build of it ended."""
    compared = _last_compared(connection)
    return tuple(
        MartState(
            name, state, built_at, tuple(blocked_by), is_new, _as_of(marts.get(name, ()), compared)
        )
        for name, state, built_at, blocked_by, is_new in connection.execute(
            """
            select
                mart, state, built_at, blocked_by,
                state = 'built' and coalesce(built_at >= %s, false)
            from ops.mart_state
            where run_id = %s
            order by mart
            """,
            (since, run_id),
        )
    )


def read_model_inputs(connection: WarehouseConnection) -> dict[tuple[str, str], int]:
    """Return up to which load the rows of each model go, by model and raw table."""
    return {
        (str(model), str(table)): int(batch_id)
        for model, table, batch_id in connection.execute(
            "select model, table_name, batch_id from ops.model_input"
        )
    }


def _renew(connection: WarehouseConnection, marts: Mapping[str, frozenset[str]]) -> None:
    """Record of these marts what dbt records of those that it makes."""
    for name, tables in marts.items():
        connection.execute(
            """
            insert into ops.mart_state (mart, state, batch_id, built_at)
            select %s, 'built', max(batch_id), now()
            from ops.table_state
            where table_name = any(%s)
            on conflict (mart) do update set
                state = excluded.state, batch_id = excluded.batch_id, built_at = excluded.built_at
            """,
            (name, sorted(tables)),
        )


def _as_of(tables: Iterable[str], compared: Mapping[str, datetime]) -> datetime | None:
    return min((compared[table] for table in tables if table in compared), default=None)


def _last_compared(connection: WarehouseConnection) -> dict[str, datetime]:
    """Return the start of the run that last compared each table with its source."""
    return {
        str(table): started_at
        for table, started_at in connection.execute(
            """
            select state.table_name, run.started_at
            from ops.table_state as state
            join ops.run as run on run.run_id = state.last_run_id
            where state.loaded_at is not null
            """
        )
    }
