"""The plan of a refresh: its config, the changes that follow the source, and the queue of tables.

    read the config, the live structure and raw -> decide about each table (`draft`) -> apply that
         -> read which tables are empty, and how large the others are -> order them -> record it

With `dry_run` the same is read and decided, and nothing is written.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from include.catalog import files
from include.catalog.model import Catalog, TableConfig, Tier
from include.catalog.overrides import nearest
from include.endpoints import Endpoint
from include.errors import ConfigError, WarehouseError
from include.ops import config_versions, runs, schema, stored_tables, table_states
from include.ops.quarantine import read_quarantine
from include.ops.ranges import store_ranges
from include.ops.stored_tables import StoredCounts
from include.planning.draft import Draft, apply_draft, draft_tables
from include.planning.indexes import sync_all_indexes
from include.planning.model import RefreshPlan, RefreshRequest
from include.planning.ranges import RangePlanner, can_be_split, larger_than_the_rest
from include.planning.reshape import read_raw_columns
from include.planning.source_state import TableSize, find_empty, read_sizes
from include.sessions.failures import untranslated
from include.sessions.slots import own_source_slot
from include.source import session as source_session
from include.source.rights import MissingRight, find_refused_tables
from include.source.session import SourceConnection, source_errors
from include.source.structure import TableStructure, read_structures
from include.transform.raw_indexes import read_indexes
from include.warehouse.session import WarehouseConnection

# Of a table that information_schema does not list.
_NO_SIZE = TableSize(0, 0)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Config:
    """The config that a refresh begins with, and the bytes of its files."""

    catalog: Catalog
    tables: bytes
    overrides: bytes


@dataclass(frozen=True, slots=True)
class _OpenRun:
    """The run that a plan has opened, and the config version that it is pinned to."""

    run_id: int
    config_version: int


def plan_refresh(source: Endpoint, warehouse: Endpoint, request: RefreshRequest) -> RefreshPlan:
    """Prepare the warehouse and return the plan of the refresh; safe to repeat for a DAG run.

    Every configured table that the warehouse lacks is created, empty and `never_loaded`. Raw tables
    get new and wider columns; a table that changed otherwise goes into quarantine with the reason,
    and the others are loaded. Each table changes in a transaction of its own. With `dry_run`
    nothing is written at all. Raises ConfigError without a valid config or for unknown table names,
    SourceError and SourceRefusedError when the source cannot be read: nothing is changed then.
    Raises WarehouseError when a statement fails in the warehouse, and TerminalError for a right
    that is missing there; one on a single raw table only puts that table into quarantine.
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
    log.info(
        "planned %s tables, %s are empty, %s in quarantine, %s changes followed",
        len(plan.tables),
        len(plan.skipped_empty),
        len(plan.quarantined),
        len(plan.applied),
    )
    return plan


def _plan(source: Endpoint, warehouse: Endpoint, request: RefreshRequest) -> RefreshPlan:
    dbt_indexes = read_indexes(request.raw_indexes) if request.raw_indexes else None
    with (
        own_source_slot(warehouse, source),
        source_session.connect(source) as reader,
        schema.connect(warehouse, autocommit=True) as connection,
    ):
        config = _read_config(connection, request)
        names = _requested_names(config.catalog, request)
        live = read_structures(reader, source)
        draft = draft_tables(
            config.catalog,
            live,
            refused=_read_refused(reader, source, config.catalog, live),
            waiting=read_quarantine(connection),
            present=read_raw_columns(connection),
            dbt_indexes=dbt_indexes,
        )
        run = None
        if not request.dry_run:
            draft, run = _begin(connection, request, config, draft)
        states = stored_tables.read_states(connection)
        applied = draft.applied + tuple(
            sync_all_indexes(connection, draft.tables.values(), states, is_dry=request.dry_run)
        )
        requested = [
            table
            for name, table in draft.tables.items()
            if table.phase <= request.phase and (not names or name.lower() in names)
        ]
        empty = find_empty(reader, source, _were_empty(requested, states))
        sizes = read_sizes(reader, source)
        tiers = _order([table for table in requested if table.name not in empty], sizes)
        queue = [draft.tables[name] for tier in Tier for name in tiers[tier]]
        splits: Mapping[str, int] = {}
        if run is not None:
            table_states.record_empty(
                connection,
                [table for table in requested if table.name in empty],
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
    return RefreshPlan(
        run_id=run.run_id if run else None,
        config_version=run.config_version if run else None,
        tiers=tiers,
        skipped_empty=tuple(sorted(empty)),
        applied=applied,
        quarantined=dict(sorted(draft.quarantined.items())),
        discovery_needed=draft.has_drifted or _has_new_tables(draft.catalog, live),
        splits=splits,
    )


def _read_config(connection: WarehouseConnection, request: RefreshRequest) -> _Config:
    """Return the config that the request names; ConfigError for an invalid one."""
    if request.config_directory is not None:
        tables, overrides = files.read_bytes(request.config_directory)
        where = str(request.config_directory)
    else:
        tables, overrides = config_versions.newest_bytes(connection)
        where = "ops.config"
        if request.overrides_directory is not None:
            overrides = files.read_overrides_bytes(request.overrides_directory)
            where = str(request.overrides_directory)
    return _Config(files.combine(tables, overrides, where=where), tables, overrides)


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


def _requested_names(catalog: Catalog, request: RefreshRequest) -> frozenset[str]:
    """Return the requested names in lower case; ConfigError for one that is not replicated."""
    known = {name.lower(): name for name in catalog.tables}
    left_out = {name.lower(): reason for name, reason in catalog.left_out.items()}
    for name in request.tables:
        if name.lower() in known:
            continue
        if name.lower() in left_out:
            what = f"is left out: {left_out[name.lower()]}"
        else:
            what = f"is not in the config{nearest(name, known)}"
        raise ConfigError(f"{what}. Nothing was loaded.", where=f"table {name}")
    return frozenset(name.lower() for name in request.tables)


def _begin(
    connection: WarehouseConnection, request: RefreshRequest, config: _Config, draft: Draft
) -> tuple[Draft, _OpenRun]:
    """Open the run, apply the draft, and pin the run to the config that results."""
    version = config_versions.pin_bytes(connection, config.tables, config.overrides)
    run_id = runs.open_run(
        connection,
        config_version=version,
        mode=request.mode,
        phase=request.phase,
        tables=request.tables,
        dag_run_id=request.dag_run_id,
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


def _has_new_tables(catalog: Catalog, live: Mapping[str, TableStructure]) -> bool:
    known = {name.lower() for name in (*catalog.tables, *catalog.left_out)}
    return any(name.lower() not in known for name in live)
