"""Close a run: work out its report, record it, and say whether the run was right."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from psycopg.types.json import Jsonb

from include.catalog.model import Catalog
from include.endpoints import Endpoint
from include.engine.records import LOAD_FAILED
from include.ops.config_versions import load_catalog
from include.ops.mart_states import MartState, mark_marts
from include.reporting.report import Freshness, RunReport, SlaMiss, Substitution, Totals
from include.transform.lineage import read_lineage
from include.validation.scope import RunScope, read_scope
from include.warehouse.session import WarehouseConnection, connect

log = logging.getLogger(__name__)


def report_run(warehouse: Endpoint, *, run_id: int, manifest: Path | None = None) -> RunReport:
    """Record how the run ended in `ops` and return its report; calling it again renews both.

    `manifest` is the dbt project's manifest; without it the run is taken to have built no marts,
    and `ops.mart_state` is left alone. Everything is written in one transaction.
    """
    with connect(warehouse) as connection:
        scope = read_scope(connection, run_id)
        catalog = load_catalog(connection, scope.config_version)
        mode, started_at, finished_at = _times(connection, run_id)
        failed, blocked, quarantined = _faults(connection, scope, catalog)
        marts: tuple[MartState, ...] = ()
        if manifest is not None:
            reads = read_lineage(manifest).marts()
            marts = mark_marts(connection, reads, since=started_at, run_id=run_id)
        report = RunReport(
            run_id=run_id,
            mode=mode,
            started_at=started_at,
            finished_at=finished_at,
            totals=_totals(connection, run_id),
            tables=_freshness(connection, catalog),
            failed=failed,
            blocked=blocked,
            quarantined=quarantined,
            substitutions=_substitutions(connection, run_id),
            sla_misses=_late(connection, catalog, run_id, (started_at, finished_at)),
            marts=marts,
        )
        _record(connection, report)
    for line in report.lines():
        log.info("%s", line)
    return report


def _times(connection: WarehouseConnection, run_id: int) -> tuple[str, datetime, datetime]:
    row = connection.execute(
        "select mode, started_at, now() from ops.run where run_id = %s", (run_id,)
    ).fetchone()
    if row is None:
        raise LookupError(run_id)
    return row[0], row[1], row[2]


def _faults(
    connection: WarehouseConnection, scope: RunScope, catalog: Catalog
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return the failed, blocked and quarantined tables that the run covers, with reasons."""
    covered = {table.raw_name for table in catalog.tables.values() if scope.covers(table)}
    closed = {
        str(name): str(reason or "no reason was recorded")
        for name, reason in connection.execute(
            "select table_name, blocked_reason from ops.table_state where not is_publishable"
        )
    }
    failed: dict[str, str] = {}
    blocked: dict[str, str] = {}
    quarantined: dict[str, str] = {}
    for name, standing in scope.standings.items():
        if standing.quarantine_reason is not None or standing.state == "quarantined":
            # Quarantined tables may have left the config, so they are not asked whether covered.
            if not scope.requested or name in scope.requested:
                quarantined[name] = standing.quarantine_reason or "discovery must look at it"
        elif name not in covered:
            continue
        elif standing.load_state in ("failed", "running"):
            failed[name] = (standing.blocked_reason or "").removeprefix(f"{LOAD_FAILED}: ")
        elif name in closed and (standing.load_state or standing.state != "never_loaded"):
            blocked[name] = closed[name]
    return failed, blocked, quarantined


def _totals(connection: WarehouseConnection, run_id: int) -> Totals:
    row = connection.execute(
        "select count(*), coalesce(sum(rows_read), 0), coalesce(sum(inserted), 0),"
        " coalesce(sum(changed), 0), coalesce(sum(undeleted), 0), coalesce(sum(deleted), 0)"
        " from ops.table_load where run_id = %s",
        (run_id,),
    ).fetchone()
    return Totals(*map(int, row)) if row else Totals()


def _freshness(connection: WarehouseConnection, catalog: Catalog) -> tuple[Freshness, ...]:
    tiers = {table.raw_name: table.tier for table in catalog.tables.values()}
    return tuple(
        Freshness(name, tiers[name], rows, loaded_at, changed_at, quality)
        for name, rows, loaded_at, changed_at, quality in connection.execute(
            "select table_name, row_count, loaded_at, changed_at, quality from ops.table_state"
            " where loaded_at is not null order by table_name"
        )
        if name in tiers
    )


def _substitutions(connection: WarehouseConnection, run_id: int) -> tuple[Substitution, ...]:
    return tuple(
        Substitution(*row)
        for row in connection.execute(
            "select table_name, column_name, rule, value_count from ops.substitution"
            " where run_id = %s and value_count > 0 order by 1, 2, 3",
            (run_id,),
        )
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
    for name, tier, ended_at in connection.execute(
        "select table_name, tier, finished_at from ops.table_load where run_id = %s order by 1",
        (run_id,),
    ):
        minutes = ((ended_at or now) - started_at).total_seconds() / 60
        if name in limits and minutes > limits[name]:
            late.append(SlaMiss(name, tier, limits[name], minutes if ended_at else None))
    return tuple(late)


def _record(connection: WarehouseConnection, report: RunReport) -> None:
    connection.execute("delete from ops.sla_misses where run_id = %s", (report.run_id,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.sla_misses (run_id, table_name, tier, sla_minutes, minutes)"
            " values (%s, %s, %s, %s, %s)",
            [
                (report.run_id, miss.table, miss.tier, miss.sla_minutes, miss.minutes)
                for miss in report.sla_misses
            ],
        )
    connection.execute(
        "update ops.run set state = %s, finished_at = %s, summary = %s where run_id = %s",
        (
            "succeeded" if report.is_right else "failed",
            report.finished_at,
            Jsonb(report.summary()),
            report.run_id,
        ),
    )
