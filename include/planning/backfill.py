"""The plan of a backfill, which keeps the receivables of a past day, from what raw holds.

The practice's database holds the present only. So where every table has a good load that began
after the day had ended, another one would bring nothing that the day needs, and the practice is not
even asked for a connection. Tables without such a load are loaded, as in any refresh.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from include import settings
from include.catalog.model import Tier
from include.endpoints import Endpoint
from include.ops import runs, schema
from include.ops.config_versions import load_catalog, newest_version
from include.ops.freshness import tables_held_since
from include.ops.quarantine import read_quarantine
from include.planning.model import RefreshPlan, RefreshRequest
from include.planning.requested import check_requested, requested
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeldDay:
    """What raw holds for a past day, by the newest config.

    `asked` are the tables that the request asks for and that can be loaded, `missing` those of them
    without a good load since the day ended.
    """

    config_version: int
    asked: tuple[str, ...]
    missing: tuple[str, ...]


def plan_backfill(
    warehouse: Endpoint, request: RefreshRequest, day: date
) -> RefreshPlan | RefreshRequest:
    """Return a plan without loads where raw holds all that the day needs, else what to load.

    The first pins the newest config as it is, and opens the run unless it is dry. The other is the
    request for the tables that are missing; for all of them it is the request as it was.
    """
    with schema.connect(warehouse, autocommit=True) as connection:
        held = _look(connection, request, day)
        if held is not None and not held.missing:
            log.info(
                "raw holds a good load of every table since the end of %s: nothing is read from "
                "the practice",
                day,
            )
            return _without_loads(connection, request, held)
    if held is None or held.missing == held.asked:
        log.info("raw does not hold what %s needs: this run loads as any other", day)
        return request
    log.info("to be loaded, because no load since the end of %s is good: %s", day, held.missing)
    return replace(request, tables=held.missing)


def _look(connection: WarehouseConnection, request: RefreshRequest, day: date) -> HeldDay | None:
    """Return what raw holds; None where nobody knows, or where the day is not over for the runs."""
    version, today = newest_version(connection), runs.read_office_day(connection)
    if version is None or today is None or day >= today:
        return None
    catalog = load_catalog(connection, version)
    check_requested(catalog, request)
    good = tables_held_since(connection, _end_of(day)) | read_quarantine(connection).keys()
    asked = requested(catalog.tables.values(), request, map(str.lower, request.tables))
    return HeldDay(
        version,
        tuple(table.name for table in asked),
        tuple(table.name for table in asked if table.raw_name not in good),
    )


def _without_loads(
    connection: WarehouseConnection, request: RefreshRequest, held: HeldDay
) -> RefreshPlan:
    run_id = None
    if not request.dry_run:
        run_id = runs.open_run(
            connection,
            config_version=held.config_version,
            mode=request.mode,
            phase=request.phase,
            tables=request.tables,
            dag_run_id=request.dag_run_id,
            as_of_on=request.as_of_on,
        )
    return RefreshPlan(
        run_id=run_id,
        config_version=None if run_id is None else held.config_version,
        tiers=dict.fromkeys(Tier, ()),
        skipped_empty=(),
        applied=(),
        quarantined={},
        lost={},
    )


def _end_of(day: date) -> datetime:
    """Return when the day ended by the office's clock."""
    zone = ZoneInfo(settings.office_time_zone())
    return datetime.combine(day + timedelta(days=1), time.min, zone)
