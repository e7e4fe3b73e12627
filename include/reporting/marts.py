"""What stands in each mart after a run, from the dbt manifest and `ops`.

A mart's own post-hook records that it was built. A mart that was not built keeps its rows: here it
is marked as blocked by the unpublishable tables that it reads, however far down, or as failed when
nothing blocks it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from include.errors import ConfigError
from include.reporting.report import Mart
from include.warehouse.session import WarehouseConnection

MART_SCHEMA = "marts"


def read_lineage(manifest: Path) -> dict[str, frozenset[str]]:
    """Return the raw tables that each mart reads, through however many models."""
    try:
        document: Mapping[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConfigError(
            "is no manifest of the dbt project, so nobody can say which marts were built. The "
            "marts themselves are as dbt left them. Write it with `./dental transform --bake`.",
            where=str(manifest),
        ) from None
    return {
        node["name"]: _raw_tables(document, unique_id)
        for unique_id, node in document["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == MART_SCHEMA
    }


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


def _raw_tables(document: Mapping[str, Any], unique_id: str) -> frozenset[str]:
    found: set[str] = set()
    pending, seen = [unique_id], {unique_id}
    while pending:
        current = pending.pop()
        if current in document["sources"]:
            found.add(document["sources"][current]["identifier"])
        for parent in document["parent_map"].get(current, ()):
            if parent not in seen:
                seen.add(parent)
                pending.append(parent)
    return frozenset(found)
