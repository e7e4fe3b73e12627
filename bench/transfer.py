"""Whole sets of tables: read, copied from ready files, or loaded by a number of workers."""

from __future__ import annotations

import selectors
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any

from bench import children, ready, warehouses
from bench.contenders import MEGABYTE, reading
from bench.layout import Layout
from bench.meter import Meter
from bench.results import Reading
from bench.servers import Servers, administering
from include.catalog.model import TableConfig
from include.catalog.targets import LoadTarget, targets_of
from include.endpoints import Endpoint
from include.planning import RefreshPlan
from include.source.session import quote
from include.warehouse import raw_tables

_BY_KEY = " force index (primary) order by "


def read_source(
    layout: Layout,
    servers: Servers,
    source: Endpoint,
    tables: Iterable[TableConfig],
    *,
    by_key: bool = False,
) -> Reading:
    """Read every cell that the engine reads, table after table, in the binary protocol.

    The server scans the tables or, with `by_key`, reads them in primary key order, as for pages.
    """
    statements = [
        f"select {', '.join(quote(c.name) for c in t.replicated_columns)} from {quote(t.name)}"  # noqa: S608
        + (_BY_KEY + ", ".join(map(quote, t.key)) if by_key and t.key else "")
        for t in tables
    ]
    with children.worker(
        "bench.wire_reader", layout.scratch, source=source, warehouse=servers.warehouse.endpoint
    ) as worker:
        meter = Meter(servers)
        meter.start()
        answer = worker.ask(database=source.database, statements=statements)
        cost = meter.stop()
    return replace(reading(cost, None), seconds=answer["seconds"], client_cpu=answer["cpu"])


def copy_ready_files(
    layout: Layout, servers: Servers, tables: Sequence[TableConfig]
) -> tuple[Reading, Reading]:
    """Copy the ready files into the engine's tables, then add the keys; return both costs."""
    warehouse = warehouses.fresh_warehouse(servers)
    meter = Meter(servers)
    with administering(servers, warehouse.database) as connection:
        for table in tables:
            raw_tables.create_table(connection, table)
        meter.start()
        for table in tables:
            connection.execute(ready.copy_statement(layout, table))
        copied = meter.stop()
        meter.start()
        for table in tables:
            if table.key:
                raw_tables.add_primary_key(
                    connection, table.raw_name, [name.lower() for name in table.key]
                )
        keyed = meter.stop()
    return reading(copied, None), reading(keyed, None)


class Workers:
    """Worker processes of the engine on one warehouse, which end with the block."""

    def __init__(
        self, layout: Layout, servers: Servers, source: Endpoint, warehouse: Endpoint
    ) -> None:
        self._layout = layout
        self._servers = servers
        self._source = source
        self._warehouse = warehouse
        self._stack = ExitStack()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def load(
        self, *, run_id: int, targets: Sequence[LoadTarget], count: int, core: str = "compiled"
    ) -> Reading:
        """Load the targets in their order, each by the next worker that is free.

        The time begins when the workers are running; it includes opening their connections. The
        memory is that of the largest worker.
        """
        workers = [self._start(core) for _ in range(count)]
        meter = Meter(self._servers)
        meter.start()
        return _summed(meter, in_turn(workers, run_id=run_id, targets=targets))

    def _start(self, core: str) -> children.Worker:
        return self._stack.enter_context(
            children.worker(
                "bench.worker",
                self._layout.scratch,
                source=self._source,
                warehouse=self._warehouse,
                arguments=["fallback"] if core == "fallback" else [],
            )
        )


def load_plan(
    layout: Layout,
    servers: Servers,
    source: Endpoint,
    warehouse: Endpoint,
    plan: RefreshPlan,
    *,
    workers: int,
) -> Reading:
    """Load all tables of a plan by this many workers, which are running when the time begins."""
    with Workers(layout, servers, source, warehouse) as started:
        return started.load(
            run_id=warehouses.run_number(plan), targets=in_order(source, plan), count=workers
        )


def in_turn(
    workers: Sequence[children.Worker], *, run_id: int, targets: Sequence[LoadTarget]
) -> list[dict[str, Any]]:
    """Give the targets out in their order, each to the next worker that is free; return answers."""
    waiting = [asdict(target) for target in targets]
    answers: list[dict[str, Any]] = []
    with selectors.DefaultSelector() as selector:
        for worker in workers[: len(waiting)]:
            worker.send(run_id=run_id, targets=[waiting.pop(0)])
            selector.register(worker.output, selectors.EVENT_READ, worker)
        while selector.get_map():
            for event, _ in selector.select():
                free: children.Worker = event.data
                answers.append(free.receive())
                if waiting:
                    free.send(run_id=run_id, targets=[waiting.pop(0)])
                else:
                    selector.unregister(free.output)
    return answers


def in_order(source: Endpoint, plan: RefreshPlan) -> list[LoadTarget]:
    """Return what the plan loads, the largest table first; a split table as its ranges."""
    return list(targets_of(warehouses.largest_first(source, plan.tables), plan.splits))


def _summed(meter: Meter, answers: Sequence[Mapping[str, Any]]) -> Reading:
    cost = meter.stop()
    return replace(
        reading(cost, sum(answer["rows"] for answer in answers)),
        client_cpu=sum(answer["cpu"] for answer in answers),
        peak_megabytes=max(answer["peak_bytes"] for answer in answers) / MEGABYTE,
        moved=sum(answer["moved"] for answer in answers),
    )
