"""What each mart holds (`ops.mart_state`), and what each model has read (`ops.model_input`).

dbt records what it built and what that read, in the transaction of each model. The rest follows
from it here: a mart that a build did not make keeps its rows. It is blocked by the tables that it
reads, however far down, and that are not publishable; when there are none, it has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from include.ops.table_states import publishable_tables
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class MartState:
    """What a mart holds; `blocked_by` names tables, `built_at` is None for one never built."""

    name: str
    state: Literal["built", "blocked", "failed"]
    built_at: datetime | None
    blocked_by: tuple[str, ...] = ()

    @property
    def is_built(self) -> bool:
        """Whether the last build that was asked for the mart made it."""
        return self.state == "built"


def mark_marts(
    connection: WarehouseConnection,
    marts: Mapping[str, frozenset[str]],
    *,
    since: datetime,
    run_id: int | None = None,
) -> tuple[MartState, ...]:
    """Mark each of these marts by what a build made since then; return them by name.

    `marts` are those that the build was asked for, each with the raw tables that it reads; all
    others keep their state. `since` is a time of the warehouse's clock. The batch and time of its
    last build stay with a mart, and so does its run where no `run_id` is given. The caller owns
    the transaction.
    """
    publishable = publishable_tables(connection)
    built = {
        str(mart): (bool(is_fresh), built_at)
        for mart, is_fresh, built_at in connection.execute(
            "select mart, state = 'built' and built_at >= %s, built_at from ops.mart_state",
            (since,),
        )
    }
    marked = tuple(
        _state(name, tables - publishable, *built.get(name, (False, None)))
        for name, tables in sorted(marts.items())
    )
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
    return marked


def read_model_inputs(connection: WarehouseConnection) -> dict[tuple[str, str], int]:
    """Return up to which load the rows of each model go, by model and raw table."""
    return {
        (str(model), str(table)): int(batch_id)
        for model, table, batch_id in connection.execute(
            "select model, table_name, batch_id from ops.model_input"
        )
    }


def _state(
    name: str, closed: frozenset[str], is_fresh: bool, built_at: datetime | None
) -> MartState:
    if is_fresh:
        return MartState(name, "built", built_at)
    return MartState(name, "blocked" if closed else "failed", built_at, tuple(sorted(closed)))
