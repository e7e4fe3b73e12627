"""Close a run: work out its report, record it, and say whether the run was right."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from include import settings
from include.catalog.model import Catalog, Tier
from include.endpoints import Endpoint
from include.ops import (
    freshness,
    loads,
    runs,
    schema,
    service_levels,
    substitutions,
    table_states,
    validation_results,
)
from include.ops.blocks import NEVER_LOADED
from include.ops.config_versions import load_catalog
from include.ops.mart_states import MartState, mark_marts, read_marks
from include.ops.runs import Run, RunState
from include.ops.service_levels import SlaMiss
from include.ops.table_states import TableState
from include.reporting.balances import compare_balances
from include.reporting.report import RunReport, TableFreshness
from include.sessions.locks import verdicts_at_rest
from include.source.office_clock import disagreement
from include.transform.lineage import read_lineage
from include.transform.project import Project
from include.transform.staleness import decide, look, stale_marts
from include.validation.scope import RunScope, read_scope
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)


def report_run(
    warehouse: Endpoint,
    *,
    run_id: int,
    planned: Collection[str] = (),
    manifest: Path | None = None,
    failed_tasks: Sequence[str] = (),
) -> RunReport:
    """Record how the run ended in `ops` and return its report; calling it again renews both.

    `manifest` is the dbt project's manifest; without it the run is taken to have built no marts,
    and `ops.mart_state` is left alone. Where no build of the run has ended, a mart that is stale
    has failed. So has a table that was `planned`, by its name in the source, and has no load in the
    run. `failed_tasks` are the names of tasks that failed beside tables and marts. Everything is
    written in one transaction, while no other run validates.
    """
    with (
        verdicts_at_rest(warehouse, Tier),
        schema.connect(warehouse) as connection,
    ):
        scope = read_scope(connection, run_id)
        run = scope.run
        catalog = load_catalog(connection, run.config_version)
        failed, blocked, quarantined = _faults(connection, scope, catalog, planned)
        marts: tuple[MartState, ...] = ()
        if manifest is not None:
            marts = _marts(connection, manifest, run)
        blocked |= _kept_back(connection, marts, {*failed, *blocked, *quarantined})
        report = RunReport(
            run_id=run_id,
            mode=run.mode,
            started_at=run.started_at,
            finished_at=run.read_at,
            totals=loads.run_totals(connection, run_id),
            tables=_freshness(connection, catalog),
            failed=failed,
            blocked=blocked,
            quarantined=quarantined,
            substitutions=substitutions.read_substitutions(connection, run_id),
            sla_misses=_late(connection, catalog, run_id, (run.started_at, run.read_at)),
            marts=marts,
            failed_tasks=tuple(failed_tasks),
            findings=validation_results.new_findings(connection, run_id),
            clock_warning=disagreement(run.clock, settings.office_time_zone(), at=run.started_at)
            if run.clock
            else None,
            balances=compare_balances(connection, marts),
            as_of_on=run.as_of_on,
        )
        service_levels.replace_misses(connection, run_id, report.sla_misses)
        runs.close_run(
            connection,
            run_id,
            RunState.SUCCEEDED if report.is_right else RunState.FAILED,
            finished_at=report.finished_at,
            summary=report.summary(),
        )
    for line in report.lines():
        log.info("%s", line)
    return report


def _marts(connection: WarehouseConnection, manifest: Path, run: Run) -> tuple[MartState, ...]:
    """Return the marts as the run's build marked them, or mark them where none has ended."""
    project = Project(read_lineage(manifest))
    lineage, definitions = project.lineage, project.definitions
    marts, since = lineage.marts(), run.started_at
    if marked := read_marks(connection, marts, run_id=run.run_id, since=since):
        return marked
    stale = decide(lineage, definitions, look(connection, lineage, definitions)).stale
    return mark_marts(
        connection, marts, stale=stale_marts(lineage, stale), since=since, run_id=run.run_id
    )


def _faults(
    connection: WarehouseConnection, scope: RunScope, catalog: Catalog, planned: Collection[str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return the failed, blocked and quarantined tables that the run covers, with reasons."""
    covered = {table.raw_name for table in catalog.tables.values() if scope.covers(table)}
    closed = table_states.blocked_tables(connection)
    due = {catalog.tables[name].raw_name for name in planned if name in catalog.tables}
    failed: dict[str, str] = {}
    blocked: dict[str, str] = {}
    quarantined: dict[str, str] = {}
    for name, table in scope.tables.items():
        if table.quarantine is not None:
            # Quarantined tables may have left the config, so they are not asked whether covered.
            if not scope.run.requested or name in scope.run.requested:
                quarantined[name] = table.quarantine
        elif name not in covered:
            continue
        elif table.failure is not None:
            failed[name] = table.failure
        elif name in due and table.load_state is None:
            failed[name] = "no task of the run loaded it; it has the rows of its last good load"
        elif table.loading_run_id is not None:
            # The other run reports how that ends.
            continue
        elif name in closed and (table.load_state or table.state is not TableState.NEVER_LOADED):
            blocked[name] = closed[name].reason
    return failed, blocked, quarantined


def _kept_back(
    connection: WarehouseConnection, marts: tuple[MartState, ...], told: Collection[str]
) -> dict[str, str]:
    """Return the tables, not yet told of, that kept a mart from being built, with the reasons.

    The run may not have been asked to load them, or another one may have them in hand.
    """
    closed = table_states.blocked_tables(connection)
    waited_for = {name for mart in marts for name in mart.blocked_by} - set(told)
    return {
        name: closed[name].reason if name in closed else NEVER_LOADED.reason
        for name in sorted(waited_for)
    }


def _freshness(connection: WarehouseConnection, catalog: Catalog) -> tuple[TableFreshness, ...]:
    tiers = {table.raw_name: table.tier for table in catalog.tables.values()}
    return tuple(
        TableFreshness(name, tiers[name], found)
        for name, found in freshness.read_freshness(connection).items()
        if name in tiers
    )


def _late(
    connection: WarehouseConnection,
    catalog: Catalog,
    run_id: int,
    span: tuple[datetime, datetime],
) -> tuple[SlaMiss, ...]:
    """Return the loads that ended, or still run, later after the run's start than their SLA."""
    started_at, now = span
    limits = {table.raw_name: table.sla_minutes for table in catalog.tables.values()}
    late = []
    for load in loads.load_ends(connection, run_id):
        minutes = ((load.finished_at or now) - started_at).total_seconds() / 60
        limit = limits.get(load.table)
        if limit is not None and minutes > limit:
            seen = minutes if load.finished_at else None
            late.append(SlaMiss(load.table, load.tier, limit, seen))
    return tuple(late)
