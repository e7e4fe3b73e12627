"""What stands in each mart after a run, from the dbt manifest and `ops`.

A mart's own post-hook records that it was built. A mart that was not built keeps its rows: here it
is marked as blocked by the unpublishable tables that it reads, however far down, or as failed when
nothing blocks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from include.reporting.report import Mart
from include.warehouse.session import WarehouseConnection


def mark_marts(
    connection: WarehouseConnection, lineage: Mapping[str, frozenset[str]], *, run_id: int
) -> tuple[Mart, ...]:
    """Mark every mart as built, blocked or failed in this run; return them by name.

    The caller owns the transaction. The batch and time of the last build stay with the mart.
    """
    publishable = {
        str(name)
        for (name,) in connection.execute(
            "select table_name from ops.table_state where is_publishable"
        )
    }
    built = {
        str(name): (is_fresh, built_at)
        for name, is_fresh, built_at in connection.execute(
            "select held.mart, held.state = 'built' and held.built_at >= run.started_at,"
            " held.built_at from ops.mart_state as held cross join ops.run where run.run_id = %s",
            (run_id,),
        )
    }
    marts = [
        _standing(name, tables - publishable, *built.get(name, (False, None)))
        for name, tables in sorted(lineage.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.mart_state (mart, state, blocked_by, run_id) values (%s, %s, %s, %s)"
            " on conflict (mart) do update set state = excluded.state,"
            " blocked_by = excluded.blocked_by, run_id = excluded.run_id",
            [(mart.name, mart.state, list(mart.blocked_by), run_id) for mart in marts],
        )
    return tuple(marts)


def _standing(
    name: str, closed: frozenset[str], is_fresh: bool | None, built_at: datetime | None
) -> Mart:
    if is_fresh:
        return Mart(name, "built", built_at)
    return Mart(name, "blocked" if closed else "failed", built_at, tuple(sorted(closed)))
