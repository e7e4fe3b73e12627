"""The plan of a refresh: its config, the changes that follow the source, and the queue of tables.

    read the live structure -> look again at what the config does not settle (`config`)
         -> compare with raw and decide about each table (`draft`) -> apply that
         -> say what the practice's release lacks (`absences`)
         -> read which tables are empty, and how large the others are -> order them -> record it

With `dry_run` the same is read and decided, and nothing is written. A backfill may need none of it
(`backfill`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psycopg

from include import settings
from include.catalog.model import Catalog, TableConfig, Tier
from include.endpoints import Endpoint
from include.errors import WarehouseError
from include.ops import runs, schema, stored_tables, table_states
from include.ops.blocks import Block, BlockedCode
from include.ops.ranges import store_ranges
from include.ops.snapshot_days import refuse_future
from include.ops.stored_tables import StoredCounts
from include.planning.absences import record_absences
from include.planning.backfill import plan_backfill
from include.planning.config import RefreshConfig, decide_config
from include.planning.draft import Draft, apply_draft, draft_tables
from include.planning.indexes import sync_all_indexes
from include.planning.model import RefreshPlan, RefreshRequest
from include.planning.ranges import RangePlanner, can_be_split, larger_than_the_rest
from include.planning.requested import check_requested, requested
from include.planning.reshape import read_raw_columns
from include.planning.source_state import TableSize, find_empty, read_sizes
from include.sessions.failures import untranslated
from include.sessions.slots import own_source_slot
from include.source import session as source_session
from include.source.office_clock import OfficeClock, disagreement, read_office_clock
from include.source.rights import MissingRight, find_refused_tables
from include.source.session import SourceConnection, source_errors
from include.source.structure import TableStructure, read_structures
from include.transform.raw_indexes import read_indexes
from include.warehouse.session import WarehouseConnection

# Of a table that information_schema does not list.
_NO_SIZE = TableSize(0, 0)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _OpenRun:
    """The run that a plan has opened, and the config version that it is pinned to."""

    run_id: int
    config_version: int


def plan_refresh(source: Endpoint, warehouse: Endpoint, request: RefreshRequest) -> RefreshPlan:
    """Prepare the warehouse and return the plan of the refresh; safe to repeat for a DAG run.

    Tables that are new, changed or in quarantine are looked at again, and the config that results
    is the newest one. Every configured table that the warehouse lacks is created, empty and
    `never_loaded`; raw tables follow their config. A table that cannot be loaded as it is goes into
    quarantine with the reason, and comes out with the first plan that finds it whole. Each table
    changes in a transaction of its own. With `dry_run` nothing is written at all. A backfill for
    which raw holds everything asks the source for nothing.

    Raises ConfigError without a valid config, for unknown table names and for a day that has not
    come yet, SourceError and SourceRefusedError when the source cannot be read: nothing is changed
    then. Raises WarehouseError when a statement fails in the warehouse, and TerminalError for a
    right that is missing there; one on a single raw table only puts that table into quarantine.
    """
    try:
        plan = _plan(source, warehouse, request)
    except psycopg.errors.LockNotAvailable:
        raise WarehouseError(
            "somebody holds a lock on a table that must be altered. Tables altered before it "
            "stay so; nothing is half-done. Try again.",
            where=warehouse.name,
        ) from None
    except psycopg.Error as error:
        # The server's message may contain values of a row.
        known = untranslated(error, warehouse)
        raise type(known)(
            f"while a refresh was planned: {known.message} Tables altered before stay so; nothing "
            "is half-done, nothing was loaded.",
            where=warehouse.name,
        ) from None
    _tell(plan, is_dry=request.dry_run)
    return plan


def _tell(plan: RefreshPlan, *, is_dry: bool) -> None:
    """Log the plan, a line for each of its parts."""
    log.info(
        "planned: %s to load, %s empty on both sides, %s in quarantine",
        len(plan.tables),
        len(plan.skipped_empty),
        len(plan.quarantined),
    )
    for change in plan.applied:
        log.info("%s: %s", "would follow" if is_dry else "followed", change)
    for name, reason in plan.quarantined.items():
        log.info("table %s is in quarantine: %s", name, reason)
    for tier, names in plan.tiers.items():
        log.info("%s, largest first: %s", tier, ", ".join(names) or "none")


def _tell_day(clock: OfficeClock) -> None:
    log.info("at the practice it is %s", clock.today)
    wrong = disagreement(clock, settings.office_time_zone(), at=datetime.now(UTC))
    if wrong:
        log.warning("%s", wrong)


def _plan(source: Endpoint, warehouse: Endpoint, request: RefreshRequest) -> RefreshPlan:
    if request.as_of_on is not None:
        found = plan_backfill(warehouse, request, request.as_of_on)
        if isinstance(found, RefreshPlan):
            return found
        request = found
    return _plan_loads(source, warehouse, request)


def _plan_loads(source: Endpoint, warehouse: Endpoint, request: RefreshRequest) -> RefreshPlan:
    dbt_indexes = read_indexes(request.raw_indexes) if request.raw_indexes else None
    with (
        own_source_slot(warehouse, source),
        source_session.connect(source) as reader,
        schema.connect(warehouse, autocommit=True) as connection,
    ):
        clock = read_office_clock(reader, source)
        if request.as_of_on is not None:
            refuse_future(request.as_of_on, clock.today)
        live = read_structures(reader, source)
        config = decide_config(connection, reader, source, live, request)
        request = _with_waiting(request, config.catalog, table_states.blocked_tables(connection))
        names = frozenset(map(str.lower, request.tables))
        draft = draft_tables(
            config.catalog,
            live,
            refused=_read_refused(reader, source, config.catalog, live),
            present=read_raw_columns(connection),
            dbt_indexes=dbt_indexes,
        )
        draft = replace(draft, applied=config.changes + draft.applied)
        run = None
        if not request.dry_run:
            draft, run = _begin(connection, request, config, draft)
            runs.set_office_clock(connection, run.run_id, clock)
            record_absences(connection, reader, source, live)
        states = stored_tables.read_states(connection)
        applied = draft.applied + tuple(
            sync_all_indexes(connection, draft.tables.values(), states, is_dry=request.dry_run)
        )
        asked = requested(draft.tables.values(), request, names)
        empty = find_empty(reader, source, _were_empty(asked, states))
        sizes = read_sizes(reader, source)
        tiers = _order([table for table in asked if table.name not in empty], sizes)
        queue = [draft.tables[name] for tier in Tier for name in tiers[tier]]
        splits: Mapping[str, int] = {}
        if run is not None:
            table_states.record_empty(
                connection,
                [table for table in asked if table.name in empty],
                run_id=run.run_id,
                config_version=run.config_version,
            )
            large = [
                table
                for table in larger_than_the_rest(queue, sizes, least_rows=request.split_rows)
                if can_be_split(table, states.get(table.raw_name))
            ]
            planner = RangePlanner(connection, reader, source)
            splits = _split(run, large, workers=request.workers, planner=planner)
    _tell_day(clock)
    return RefreshPlan(
        run_id=run.run_id if run else None,
        config_version=run.config_version if run else None,
        tiers=tiers,
        skipped_empty=tuple(sorted(empty)),
        applied=applied,
        quarantined=dict(sorted(draft.quarantined.items())),
        lost=_lost(requested(draft.kept_back, request, names)),
        splits=splits,
    )


def _with_waiting(
    request: RefreshRequest, catalog: Catalog, blocked: Mapping[str, Block]
) -> RefreshRequest:
    """Return a request for single tables with those whose verdict waits for one of them.

    A table that broke too many rules may have done so for rows that a table it references lacked.
    Raises ConfigError for a requested name that is not replicated.
    """
    check_requested(catalog, request)
    names = {name.lower() for name in request.tables}
    waiting = [
        name
        for name, table in sorted(catalog.tables.items())
        if table.raw_name not in names
        and table.raw_name in blocked
        and blocked[table.raw_name].code is BlockedCode.QUALITY
        and any((c.references or "").split(".")[0].lower() in names for c in table.columns)
    ]
    return replace(request, tables=(*request.tables, *waiting)) if names else request


def _read_refused(
    reader: SourceConnection,
    source: Endpoint,
    catalog: Catalog,
    live: Mapping[str, TableStructure],
) -> dict[str, MissingRight]:
    """Return the configured tables that the source hides, because the account lost its right."""
    listed = {name.lower() for name in live}
    absent = [name for name, table in catalog.tables.items() if table.raw_name not in listed]
    with source_errors(source), reader.cursor() as cursor:
        return find_refused_tables(cursor, absent)


def _lost(tables: Sequence[TableConfig]) -> dict[Tier, tuple[str, ...]]:
    names = {tier: tuple(sorted(t.name for t in tables if t.tier is tier)) for tier in Tier}
    return {tier: found for tier, found in names.items() if found}


def _begin(
    connection: WarehouseConnection, request: RefreshRequest, config: RefreshConfig, draft: Draft
) -> tuple[Draft, _OpenRun]:
    """Publish the config, open the run, apply the draft, and pin the run to what results."""
    version = config.publish(connection, request.config_directory or request.overrides_directory)
    run_id = runs.open_run(
        connection,
        config_version=version,
        mode=request.mode,
        phase=request.phase,
        tables=request.tables,
        dag_run_id=request.dag_run_id,
        as_of_on=request.as_of_on,
    )
    draft, adapted = apply_draft(connection, draft, run_id=run_id, config_version=version)
    if adapted != version:
        runs.set_config_version(connection, run_id, adapted)
    return draft, _OpenRun(run_id, adapted)


def _were_empty(tables: Sequence[TableConfig], states: Mapping[str, StoredCounts]) -> list[str]:
    """Return the names of tables whose raw table is empty or not yet there."""
    return [
        table.name
        for table in tables
        if (stored := states.get(table.raw_name)) is None or stored.is_empty
    ]


def _split(
    run: _OpenRun, tables: Sequence[TableConfig], *, workers: int, planner: RangePlanner
) -> dict[str, int]:
    """Store the ranges of large tables, and return how many each has."""
    splits: dict[str, int] = {}
    for table in tables if workers > 1 else ():
        ranges = planner.ranges(table, workers)
        if len(ranges) > 1:
            store_ranges(planner.connection, run.run_id, table.raw_name, ranges)
            splits[table.name] = len(ranges)
    return splits


def _order(
    tables: Sequence[TableConfig], sizes: Mapping[str, TableSize]
) -> dict[Tier, tuple[str, ...]]:
    largest_first = sorted(
        tables, key=lambda table: (-sizes.get(table.name, _NO_SIZE).byte_count, table.name)
    )
    return {
        tier: tuple(table.name for table in largest_first if table.tier is tier) for tier in Tier
    }
