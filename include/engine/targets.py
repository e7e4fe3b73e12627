"""Loads what one task of a refresh loads: a table of the run's plan, or one range of it."""

from __future__ import annotations

from include.catalog.targets import LoadTarget, Mode
from include.endpoints import Endpoint
from include.engine.connections import EngineConnections
from include.engine.load import load
from include.engine.split_load import load_range
from include.ops.load_results import Attempt, TableLoad


def load_target(
    source: Endpoint,
    warehouse: Endpoint,
    *,
    run_id: int,
    target: LoadTarget,
    mode: Mode = "compare",
) -> TableLoad | None:
    """Load a target over connections of its own; see `load_pinned`."""
    with EngineConnections(source, warehouse) as connections:
        return load_pinned(connections, run_id=run_id, target=target, mode=mode)


def load_table(
    source: Endpoint, warehouse: Endpoint, *, run_id: int, table: str, mode: Mode = "compare"
) -> TableLoad:
    """Load a whole table over connections of its own; `table` is its name in the source."""
    with EngineConnections(source, warehouse) as connections:
        return load(connections, pinned_attempt(connections, run_id, table), mode=mode)


def load_pinned(
    connections: EngineConnections, *, run_id: int, target: LoadTarget, mode: Mode = "compare"
) -> TableLoad | None:
    """Load a target with the config that its run pinned.

    Returns the load of the whole table; None for a range while others are not loaded yet. Its
    guarantees and errors are those of `load.load` and `split_load.load_range`.
    """
    attempt = pinned_attempt(connections, run_id, target.table)
    if target.range_number is None:
        return load(connections, attempt, mode=mode)
    return load_range(connections, attempt, target.range_number, mode=mode)


def pinned_attempt(connections: EngineConnections, run_id: int, table: str) -> Attempt:
    """Return an attempt at a table, by its name in the source, with the config of its run."""
    with connections.closed_on_failure(), connections.driver_errors(table):
        return Attempt(run_id, connections.pinned_config(run_id, table))
