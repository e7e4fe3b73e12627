"""Refreshes of the three tables, against one read of them in the binary protocol."""

from __future__ import annotations

import logging

from bench import dataset, edits, transfer, warehouses
from bench.measures.stage import Stage
from bench.results import Measure, Reading
from bench.tables import SHAPES
from include.errors import PipelineError

log = logging.getLogger(__name__)

UNCHANGED_BOUND = 1.2
CHANGED_BOUND = 1.5
COPY = "changing"
READ = "read in the binary protocol"
UNCHANGED = "refresh, nothing changed"
CLUSTERED = "refresh, 1 % changed"
SCATTERED = "refresh, 1 % changed, deletes spread over all keys"


def measure(stage: Stage) -> list[Measure]:
    """Change a copy of the tables and refresh, round by round."""
    original, _ = stage.tables()
    dataset.copy_tables(stage.servers, original.database, COPY)
    source = stage.servers.reader.with_database(COPY)
    configs = warehouses.plain_configs(source)
    warehouse = warehouses.fresh_warehouse(stage.servers)
    directory = stage.layout.scratch / "config"
    warehouses.plan(source, warehouse, directory, configs)
    readings: dict[str, list[Reading]] = {READ: [], UNCHANGED: [], CLUSTERED: [], SCATTERED: []}

    def refresh() -> Reading:
        plan = warehouses.plan_pinned(source, warehouse, directory)
        with transfer.Crew(stage.layout, stage.servers, source, warehouse) as crew:
            loaded = crew.load(
                run_id=warehouses.run_number(plan), targets=transfer.in_order(source, plan), count=1
            )
        warehouses.publish(stage.servers, warehouse)
        return loaded

    refresh()
    for turn in range(stage.rounds):
        for name, is_clustered in ((CLUSTERED, True), (SCATTERED, False)):
            expected = sum(
                edits.change(
                    stage.servers,
                    COPY,
                    shape,
                    turn=2 * turn + is_clustered,
                    is_clustered=is_clustered,
                )
                for shape in SHAPES
            )
            readings[name].append(refresh())
            if readings[name][-1].moved != expected:
                raise PipelineError(
                    f"wrote {readings[name][-1].moved} rows where {expected} had changed",
                    where="the engine",
                )
        readings[READ].append(
            transfer.read_source(stage.layout, stage.servers, source, configs.values())
        )
        readings[UNCHANGED].append(refresh())
        log.info(
            "refresh, round %s: %s",
            turn + 1,
            {name: round(listed[-1].seconds, 2) for name, listed in readings.items()},
        )
    return [
        Measure(
            name=name,
            title=f"{who}, against one read of all tables",
            unit="times",
            values=tuple(
                ours.seconds / read.seconds
                for ours, read in zip(readings[who], readings[READ], strict=True)
            ),
            bound=bound,
            is_ceiling=True,
            readings={READ: tuple(readings[READ]), who: tuple(readings[who])},
            note="one worker",
        )
        for name, who, bound in (
            ("refresh_unchanged", UNCHANGED, UNCHANGED_BOUND),
            ("refresh_changed", CLUSTERED, CHANGED_BOUND),
            ("refresh_changed_scattered", SCATTERED, CHANGED_BOUND),
        )
    ]
