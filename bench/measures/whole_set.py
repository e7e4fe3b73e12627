"""The three tables at once: two workers against what the hardware needs for the same bytes.

The floor is half of the CPU seconds, because there are two cores, of a read in the binary protocol
and a binary COPY of ready files: no program can move these rows with less.
"""

from __future__ import annotations

import logging

from bench import ready, transfer, warehouses
from bench.measures.stage import Stage
from bench.results import Measure, Reading

log = logging.getLogger(__name__)

BOUND = 0.65
CLIENT_SHARE_BOUND = 15.0
CORES = 2
READ = "read in the binary protocol"
COPY = "COPY of ready files"
KEYS = "primary keys"
ENGINE = "this engine, two workers"


def measure(stage: Stage) -> list[Measure]:
    """Measure the floor and the engine, round by round."""
    source, configs = stage.tables()
    tables = list(configs.values())
    ready.write_files(stage.layout, stage.servers, source, configs)
    readings: dict[str, list[Reading]] = {READ: [], COPY: [], KEYS: [], ENGINE: []}
    for turn in range(stage.rounds):
        readings[READ].append(transfer.read_source(stage.layout, stage.servers, source, tables))
        copied, keyed = transfer.copy_ready_files(stage.layout, stage.servers, tables)
        readings[COPY].append(copied)
        readings[KEYS].append(keyed)
        warehouse = warehouses.fresh_warehouse(stage.servers)
        plan = warehouses.plan(
            source, warehouse, stage.layout.scratch / "config", configs, workers=CORES
        )
        readings[ENGINE].append(
            transfer.load_plan(stage.layout, stage.servers, source, warehouse, plan, workers=CORES)
        )
        log.info("whole set, round %s: %.2f s", turn + 1, readings[ENGINE][-1].seconds)
    return measures_of(readings, name="set", title="the three tables on two workers", bound=BOUND)


def measures_of(
    readings: dict[str, list[Reading]], *, name: str, title: str, bound: float
) -> list[Measure]:
    """Return the measures of a set of tables: speed against the floor, and the client's share."""
    rounds = list(
        zip(
            readings[READ],
            readings[COPY],
            readings[KEYS],
            readings[ENGINE],
            strict=True,
        )
    )
    return [
        Measure(
            name=name,
            title=f"{title}, against the floor",
            unit="times",
            values=tuple(
                ((read.cpu or 0) + (copy.cpu or 0)) / CORES / ours.seconds
                for read, copy, _, ours in rounds
            ),
            bound=bound,
            readings={who: tuple(listed) for who, listed in readings.items()},
            note="the floor has no keys, the engine builds them",
        ),
        Measure(
            name=f"{name}_with_keys",
            title=f"{title}, against the floor with the same primary keys",
            unit="times",
            values=tuple(
                ((read.cpu or 0) + (copy.cpu or 0) + (keys.cpu or 0)) / CORES / ours.seconds
                for read, copy, keys, ours in rounds
            ),
        ),
        Measure(
            name=f"{name}_client_share",
            title=f"client's share of all CPU, {title}",
            unit="%",
            values=tuple(
                100 * (ours.client_cpu or 0) / (ours.cpu or 1) for _, _, _, ours in rounds
            ),
            bound=CLIENT_SHARE_BOUND,
            is_ceiling=True,
        ),
    ]
