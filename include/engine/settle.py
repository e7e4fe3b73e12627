"""Tables whose sums must agree are loaded again until nothing changes any more.

Tables are read one after another while the practice works, and MyISAM has no snapshot: a payment
may be read before, and its splits after, somebody entered both. A pass over the group that changes
nothing shows that what is loaded stood together in the source.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.engine.records import Attempt
from include.engine.session import EngineSession
from include.errors import ConfigError, PipelineError
from include.ops.config_versions import load_catalog
from include.sessions.failures import driver_errors
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection

PASS_LIMIT = 3
CHECK_NAME = "settled_with_its_group"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SettleResult:
    """How many passes each group took; `skews` are the rows that still moved in the last one.

    `failed` names tables whose repeated load failed, with the reason; their group is not settled.
    """

    passes: Mapping[str, int] = field(default_factory=dict)
    skews: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether every group came to rest."""
        return not self.skews and not self.failed


def settle(source: Endpoint, warehouse: Endpoint, *, run_id: int) -> SettleResult:
    """Load the groups of the run's tables again until a pass changes nothing, 3 times at most.

    A group that does not come to rest is published all the same; its skew is returned and recorded
    in `ops.validation_result`. Only tables that this run has loaded take part.
    """
    with (
        driver_errors(source, warehouse, "of the run"),
        warehouse_session.connect(warehouse, autocommit=True) as connection,
    ):
        groups = _groups(connection, run_id)
    passes: dict[str, int] = {}
    skews: dict[str, dict[str, int]] = {}
    failed: dict[str, str] = {}
    with EngineSession(source, warehouse) as session:
        for group, tables in sorted(groups.items()):
            moved: dict[str, int] = {}
            for number in range(1, PASS_LIMIT + 1):
                passes[group] = number
                moved = _pass(session, run_id, tables, failed)
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
                warehouse_session.connect(warehouse, autocommit=True) as connection,
            ):
                rows = {t.raw_name: moved.get(t.name, 0) for t in tables}
                _record(connection, run_id, group, rows)
    return SettleResult(passes, skews, failed)


def _pass(
    session: EngineSession, run_id: int, tables: Sequence[TableConfig], failed: dict[str, str]
) -> dict[str, int]:
    """Load the tables of a group once more; return what moved, and add to `failed`."""
    moved: dict[str, int] = {}
    for table in tables:
        try:
            load = session.load_configured(Attempt(run_id, table, is_repeat=True))
        except PipelineError as error:
            # Each table fails alone: the load has recorded it and closed its gate.
            log.warning("table %s: %s", table.name, error)
            failed[table.name] = str(error)
            continue
        if load.moved:
            moved[table.name] = load.moved
    return moved


def _groups(connection: WarehouseConnection, run_id: int) -> dict[str, list[TableConfig]]:
    row = connection.execute(
        "select config_version from ops.run where run_id = %s", (run_id,)
    ).fetchone()
    if row is None:
        raise ConfigError(f"has no run {run_id}. Start a new refresh.", where="ops.run")
    loaded = {
        name
        for (name,) in connection.execute(
            "select table_name from ops.table_load where run_id = %s and state = 'succeeded'",
            (run_id,),
        ).fetchall()
    }
    groups: dict[str, list[TableConfig]] = defaultdict(list)
    for _, table in sorted(load_catalog(connection, int(row[0])).tables.items()):
        if table.consistency_group and table.raw_name in loaded:
            groups[table.consistency_group].append(table)
    # A single table agrees with itself.
    return {group: tables for group, tables in groups.items() if len(tables) > 1}


def _record(
    connection: WarehouseConnection, run_id: int, group: str, moved: Mapping[str, int]
) -> None:
    is_settled = not any(moved.values())
    for table, rows in sorted(moved.items()):
        connection.execute(
            "insert into ops.validation_result (run_id, table_name, source, check_name, "
            "is_passed, unexpected_count, detail) "
            "values (%s, %s, 'reconciliation', %s, %s, %s, %s) "
            "on conflict (run_id, table_name, source, check_name, column_name) do update set "
            "is_passed = excluded.is_passed, unexpected_count = excluded.unexpected_count, "
            "detail = excluded.detail, checked_at = now()",
            (
                run_id,
                table,
                CHECK_NAME,
                is_settled,
                rows,
                f"group {group}: " + ("at rest" if is_settled else "still changing when read"),
            ),
        )
