"""The engine as a contender: it loads one table as a deployment does, planned and by workers.

The workers are running when its time begins. The time includes the primary key, the bookkeeping
columns, the row hashes and the chunks.
"""

from __future__ import annotations

from dataclasses import replace

from bench import transfer, warehouses
from bench.contenders import Arena, Contender, check_rows, key_seconds, watch_statements
from bench.results import Reading
from bench.servers import administering


def engine(*, workers: int) -> Contender:
    """Return the engine with this many workers; several of them split a table by key ranges."""

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
