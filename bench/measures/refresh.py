"""Refreshes of the three tables, against one read of them in the binary protocol."""

from __future__ import annotations

import logging

from bench import dataset, edits, transfer, warehouses
from bench.measures.stage import Stage
from bench.results import Measure, Reading
from bench.tables import SHAPES
from include.errors import PipelineError

log = logging.getLogger(__name__)

COPY = "changing"
READ = "read in the binary protocol"
# The measures by name in the order of a round, with their bounds and titles.
UNCHANGED = "refresh_unchanged"
CLUSTERED = "refresh_changed"
SCATTERED = "refresh_changed_scattered"
BOUNDS = {UNCHANGED: 1.2, CLUSTERED: 1.5, SCATTERED: 1.5}
TITLES = {
    UNCHANGED: "refresh, nothing changed",
    CLUSTERED: "refresh, 1 % changed",
    SCATTERED: "refresh, 1 % changed, deletes spread over all keys",
}


def measure(stage: Stage) -> list[Measure]:
    """Change a copy of the tables and refresh, round by round, with a read before and after each.

    A refresh is compared with the mean of these two reads, because the machine's speed changes from
    one minute to the next.
    """
    arena = _Arena(stage)
    arena.refresh()
    readings: dict[str, list[Reading]] = {name: [] for name in BOUNDS}
    reads: dict[str, list[Reading]] = {name: [] for name in BOUNDS}
    for turn in range(stage.rounds):
        before = arena.read()
        for name in BOUNDS:
            expected = arena.change(name, turn)
            refreshed = arena.refresh()
            if refreshed.moved != expected:
                raise PipelineError(
                    f"wrote {refreshed.moved} rows where {expected} had changed",
                    where="the engine",
                )
            after = arena.read()
            readings[name].append(refreshed)
            reads[name].append(_mean(before, after))
            before = after
        log.info(
            "refresh, round %s: %s",
            turn + 1,
            {
                name: f"{listed[-1].seconds:.2f} s, a read {reads[name][-1].seconds:.2f} s"
                for name, listed in readings.items()
            },
        )
    return [
        Measure(
            name=name,
            title=f"{TITLES[name]}, against one read of all tables",
            unit="times",
            values=tuple(
                ours.seconds / read.seconds
                for ours, read in zip(readings[name], reads[name], strict=True)
            ),
            bound=bound,
            is_ceiling=True,
            readings={READ: tuple(reads[name]), TITLES[name]: tuple(readings[name])},
            note="one worker; the read is the mean of the one before and the one after",
        )
        for name, bound in BOUNDS.items()
    ]


class _Arena:
    """A copy of the three tables that changes, and a warehouse that follows it."""

    def __init__(self, stage: Stage) -> None:
        original, _ = stage.tables()
        dataset.copy_tables(stage.servers, original.database, COPY)
        self._stage = stage
        self._source = stage.servers.reader.with_database(COPY)
        self._configs = warehouses.plain_configs(self._source)
        self._warehouse = warehouses.fresh_warehouse(stage.servers)
        self._directory = stage.layout.scratch / "config"
        warehouses.plan(self._source, self._warehouse, self._directory, self._configs)

    def read(self) -> Reading:
        """Read every table once in the binary protocol."""
        return transfer.read_source(
            self._stage.layout, self._stage.servers, self._source, self._configs.values()
        )

    def refresh(self) -> Reading:
        """Refresh every table with one worker, and mark the tables as publishable."""
        stage = self._stage
        plan = warehouses.plan_pinned(self._source, self._warehouse, self._directory)
        loaded = transfer.load_plan(
            stage.layout, stage.servers, self._source, self._warehouse, plan, workers=1
        )
        warehouses.publish(stage.servers, self._warehouse)
        return loaded

    def change(self, name: str, turn: int) -> int:
        """Change the source as the measure needs it; return the number of changed rows."""
        if name == UNCHANGED:
            return 0
        is_clustered = name == CLUSTERED
        number = 2 * turn + is_clustered
        return sum(
            edits.change(self._stage.servers, COPY, shape, turn=number, is_clustered=is_clustered)
            for shape in SHAPES
        )


def _mean(first: Reading, second: Reading) -> Reading:
    """Return the mean of two reads; reads move no rows."""
    return Reading(
        seconds=(first.seconds + second.seconds) / 2,
        source_cpu=_half(first.source_cpu, second.source_cpu),
        warehouse_cpu=_half(first.warehouse_cpu, second.warehouse_cpu),
        client_cpu=_half(first.client_cpu, second.client_cpu),
    )


def _half(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else (first + second) / 2
