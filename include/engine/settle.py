"""What no task has loaded is loaded, and tables whose sums must agree again until they rest.

Airflow may call a load a success that never began or was killed: when the scheduler cannot read the
DAG while its database restarts, and when a person marks the task so.

Tables are read one after another while the practice works, and MyISAM has no snapshots: if somebody
enters a payment with its splits in between, the load may have the splits without the payment. A
pass over the group that changes nothing shows that the source held all loaded rows at one time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from include.catalog.model import TableConfig
from include.catalog.targets import Mode
from include.endpoints import Endpoint
from include.engine.connections import EngineConnections
from include.engine.load import load
from include.engine.targets import pinned_attempt
from include.errors import PipelineError, TerminalError
from include.ops import schema
from include.ops.config_versions import load_catalog
from include.ops.load_results import Attempt
from include.ops.loads import ended_tables, loaded_tables
from include.ops.runs import read_run
from include.ops.validation_results import RECONCILIATION, CheckResult, Effect, record_results
from include.sessions.failures import driver_errors
from include.warehouse.session import WarehouseConnection

PASS_LIMIT = 3
CHECK_NAME = "settled_with_its_group"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SettleResult:
    """The number of passes of each group.

    `skews` has the groups that still changed in their last pass, with the number of changed rows
    by table. `failed` has the tables whose repeated load failed, with the reason; their group is
    not settled. Those of them whose reason may pass are in `may_pass`: settling once more loads
    them again.
    """

    passes: Mapping[str, int] = field(default_factory=dict)
    skews: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    may_pass: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether the last pass over each group changed nothing."""
        return not self.skews and not self.failed


def settle(
    source: Endpoint,
    warehouse: Endpoint,
    *,
    run_id: int,
    planned: Sequence[str] = (),
    mode: Mode = "compare",
) -> SettleResult:
    """Load the groups of the run's tables again, PASS_LIMIT times at most, until nothing changes.

    Before that it loads, in this mode, what the run has not loaded of the tables `planned`, by
    their names in the source: those that no load has begun, and those whose load died. What fails
    then is recorded with the table, as every load's failure is.

    A group that still changes in its last pass is published all the same; its skew is returned and
    recorded in `ops.validation_result`. Only tables that this run has loaded take part.
    """
    _load_left_over(source, warehouse, run_id, planned, mode)
    with (
        driver_errors(source, warehouse, "of the run"),
        schema.connect(warehouse, autocommit=True) as connection,
    ):
        groups = _groups(connection, run_id)
    passes: dict[str, int] = {}
    skews: dict[str, dict[str, int]] = {}
    failed: dict[str, PipelineError] = {}
    with EngineConnections(source, warehouse) as connections:
        for group, tables in sorted(groups.items()):
            moved: dict[str, int] = {}
            for number in range(1, PASS_LIMIT + 1):
                passes[group] = number
                moved = _pass(connections, run_id, tables, failed)
                if not moved or failed:
                    break
            if moved:
                log.warning(
                    "group %s: %s tables still changed in pass %s; published with that skew",
                    group,
                    len(moved),
                    passes[group],
                )
                skews[group] = moved
            with (
                driver_errors(source, warehouse, "of the run"),
                schema.connect(warehouse, autocommit=True) as connection,
            ):
                rows = {t.raw_name: moved.get(t.name, 0) for t in tables}
                _record(connection, run_id, group, rows)
    return SettleResult(
        passes,
        skews,
        failed={name: str(error) for name, error in failed.items()},
        may_pass=tuple(n for n, error in failed.items() if not isinstance(error, TerminalError)),
    )


def _load_left_over(
    source: Endpoint, warehouse: Endpoint, run_id: int, planned: Sequence[str], mode: Mode
) -> None:
    with (
        driver_errors(source, warehouse, "of the run"),
        schema.connect(warehouse, autocommit=True) as connection,
    ):
        ended = ended_tables(connection, run_id)
        catalog = load_catalog(connection, read_run(connection, run_id).config_version)
    left_over = [name for name in planned if catalog.tables[name].raw_name not in ended]
    with EngineConnections(source, warehouse) as connections:
        for name in left_over:
            log.warning("table %s: no task of this run has loaded it; loading it now", name)
            try:
                load(connections, pinned_attempt(connections, run_id, name), mode=mode)
            except PipelineError as error:
                log.warning("table %s: %s", name, error)


def _pass(
    connections: EngineConnections,
    run_id: int,
    tables: Sequence[TableConfig],
    failed: dict[str, PipelineError],
) -> dict[str, int]:
    """Load the tables of a group once more; return the changed rows by table, add to `failed`."""
    moved: dict[str, int] = {}
    for table in tables:
        try:
            done = load(connections, Attempt(run_id, table, is_repeat=True))
        except PipelineError as error:
            # The others go on: the load has recorded its failure and closed the table's gate.
            log.warning("table %s: %s", table.name, error)
            failed[table.name] = error
            continue
        if done.moved:
            moved[table.name] = done.moved
    return moved


def _groups(connection: WarehouseConnection, run_id: int) -> dict[str, list[TableConfig]]:
    loaded = loaded_tables(connection, run_id)
    catalog = load_catalog(connection, read_run(connection, run_id).config_version)
    groups: dict[str, list[TableConfig]] = defaultdict(list)
    for _, table in sorted(catalog.tables.items()):
        if table.consistency_group and table.raw_name in loaded:
            groups[table.consistency_group].append(table)
    # A group of one table has nothing to agree with.
    return {group: tables for group, tables in groups.items() if len(tables) > 1}


def _record(
    connection: WarehouseConnection, run_id: int, group: str, moved: Mapping[str, int]
) -> None:
    is_settled = not any(moved.values())
    detail = f"group {group}: " + ("at rest" if is_settled else "still changing when read")
    record_results(
        connection,
        run_id,
        {
            table: [
                CheckResult(
                    RECONCILIATION,
                    CHECK_NAME,
                    is_passed=is_settled,
                    unexpected_count=rows,
                    detail=detail,
                    # What still changes is published with that skew.
                    effect=Effect.FINDING,
                )
            ]
            for table, rows in sorted(moved.items())
        },
    )
