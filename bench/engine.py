"""This engine, loading one table as a deployment does: planned, by workers that already run.

It adds its key itself and pays for its bookkeeping columns, its hashes and its state.
"""

from __future__ import annotations

from dataclasses import replace

from bench import transfer, warehouses
from bench.contenders import Arena, Contender, check_rows, key_seconds, watch_statements
from bench.results import Reading
from bench.servers import administering


def engine(*, workers: int) -> Contender:
    """Return this engine with so many workers; several share a table in ranges of its key."""

    def load(arena: Arena) -> Reading:
        warehouse = warehouses.fresh_warehouse(arena.servers)
        directory = arena.layout.scratch / "config"
        configs = {arena.table.name: arena.table}
        plan = warehouses.plan(arena.source, warehouse, directory, configs, workers=workers)
        watch_statements(arena.servers, warehouse)
        loaded = transfer.load_plan(
            arena.layout, arena.servers, arena.source, warehouse, plan, workers=workers
        )
        with administering(arena.servers, warehouse.database) as connection:
            check_rows(connection, f'raw."{arena.table.raw_name}"', arena.rows)
            return replace(loaded, rows=arena.rows, key_seconds=key_seconds(connection))

    return load
