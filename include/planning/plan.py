"""The plan of a refresh: its config, what the source has become, and what is loaded in which order.

`plan_refresh` tells the story; with `dry_run` it tells the same one without writing a word.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg

from include.catalog import files
from include.catalog.document import dump_catalog
from include.catalog.model import Catalog, TableConfig, Tier
from include.catalog.overrides import nearest
from include.endpoints import Endpoint
from include.engine.ranges import store_ranges
from include.errors import ConfigError, StructureError, WarehouseError
from include.ops import config_versions
from include.planning import bookkeeping
from include.planning.drift import find_drift
from include.planning.indexes import bring_all_indexes, with_indexes
from include.planning.model import RefreshPlan, RefreshRequest
from include.planning.ranges import RangePlanner, can_be_split, larger_than_the_rest
from include.planning.reshape import apply_reshaping, plan_reshaping, read_raw_columns
from include.planning.source_state import TableSize, find_empty, read_sizes
from include.sessions.slots import own_source_slot
from include.source import session as source_session
from include.source.structure import TableStructure, read_structures
from include.transform.raw_indexes import read_indexes
from include.warehouse import raw_tables, schema
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection

# A table that the server does not account for.
_NO_SIZE = TableSize(0, 0)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Draft:
    """A plan in the making; tables are keyed by their names in the source."""

    catalog: Catalog
    version: int | None
    run_id: int | None
    tables: dict[str, TableConfig] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)
    has_drifted: bool = False


def plan_refresh(source: Endpoint, warehouse: Endpoint, request: RefreshRequest) -> RefreshPlan:
    """Prepare the warehouse and say what the refresh does; safe to repeat for the same DAG run.

    Every configured table that the warehouse lacks is created, empty and `never_loaded`. New and
    wider columns are followed; a table that changed otherwise goes into quarantine with the reason,
    and the others go on. Each table changes in a transaction of its own. With `dry_run` nothing is
    written at all. Raises ConfigError without a valid config or for unknown table names,
    SourceError and SourceRefusedError when the source cannot be read: nothing is changed then.
    Raises WarehouseError when the warehouse does not do what is asked.
    """
    try:
        return _plan(source, warehouse, request)
    except psycopg.errors.LockNotAvailable:
        raise WarehouseError(
            "somebody holds a lock on a table that must be altered. Tables altered before it "
            "stay so; nothing is half-done. Try again.",
            where=warehouse.name,
        ) from None
    except psycopg.Error as error:
        # The server's own words may repeat a row.
        raise WarehouseError(
            f"the warehouse broke off the plan of a refresh (SQLSTATE {error.sqlstate}). Tables "
            "altered before stay so; nothing is half-done, nothing was loaded. Look at the "
            "server's log, then try again.",
            where=warehouse.name,
        ) from None


def _plan(source: Endpoint, warehouse: Endpoint, request: RefreshRequest) -> RefreshPlan:
    dbt_indexes = read_indexes(request.raw_indexes) if request.raw_indexes else None
    with (
        own_source_slot(warehouse, source),
        source_session.connect(source) as reader,
        warehouse_session.connect(warehouse, autocommit=True) as connection,
    ):
        catalog, version = _pin(connection, request)
        names = _requested(catalog, request)
        live = read_structures(reader, source)
        draft = _Draft(catalog, version, run_id=None)
        if not request.dry_run and version is not None:
            draft.run_id = bookkeeping.open_run(connection, request, version)
        _compare(draft, live)
        _reshape(connection, draft, request)
        for name, table in draft.tables.items():
            draft.tables[name] = with_indexes(table, live[name], dbt_indexes)
        if not request.dry_run:
            _settle_config(connection, draft)
        states = bookkeeping.read_states(connection)
        draft.applied += bring_all_indexes(
            connection, draft.tables.values(), states, is_dry=request.dry_run
        )
        asked = [
            table
            for name, table in draft.tables.items()
            if table.phase <= request.phase and (not names or name.lower() in names)
        ]
        empty = find_empty(reader, source, _were_empty(asked, states))
        sizes = read_sizes(reader, source)
        if draft.run_id is not None and draft.version is not None:
            bookkeeping.mark_empty(
                connection,
                [table for table in asked if table.name in empty],
                run_id=draft.run_id,
                config_version=draft.version,
            )
        tiers = _order([table for table in asked if table.name not in empty], sizes)
        queue = [draft.tables[name] for tier in Tier for name in tiers[tier]]
        large = [
            table
            for table in larger_than_the_rest(queue, sizes, least_rows=request.split_rows)
            if can_be_split(table, states.get(table.raw_name))
        ]
        planner = RangePlanner(connection, reader, source)
        splits = _split(draft, large, workers=request.workers, planner=planner)
    plan = RefreshPlan(
        run_id=draft.run_id,
        config_version=draft.version,
        tiers=tiers,
        skipped_empty=tuple(sorted(empty)),
        applied=tuple(draft.applied),
        quarantined=dict(sorted(draft.quarantined.items())),
        discovery_needed=draft.has_drifted or _has_new_tables(draft.catalog, live),
        splits=splits,
    )
    log.info(
        "planned %s tables, %s are empty, %s in quarantine, %s changes followed",
        len(plan.tables),
        len(plan.skipped_empty),
        len(plan.quarantined),
        len(plan.applied),
    )
    return plan


def _pin(connection: WarehouseConnection, request: RefreshRequest) -> tuple[Catalog, int | None]:
    """Return the config of the run and its version; a dry run stores none.

    The config is read before anything is prepared: an invalid one must not leave a trace.
    """
    if request.config_directory is not None:
        tables, overrides = files.read_bytes(request.config_directory)
        where = str(request.config_directory)
    else:
        tables, overrides = config_versions.newest_bytes(connection)
        where = "ops.config"
        if request.overrides_directory is not None:
            overrides = files.read_overrides_bytes(request.overrides_directory)
            where = str(request.overrides_directory)
    catalog = files.combine(tables, overrides, where=where)
    if request.dry_run:
        return catalog, None
    schema.prepare(connection)
    return catalog, config_versions.pin_bytes(connection, tables, overrides)


def _requested(catalog: Catalog, request: RefreshRequest) -> frozenset[str]:
    """Return the requested names in lower case; refuses one that is not replicated."""
    known = {name.lower(): name for name in catalog.tables}
    left_out = {name.lower(): reason for name, reason in catalog.excluded_tables.items()}
    for name in request.tables:
        if name.lower() in known:
            continue
        if name.lower() in left_out:
            what = f"is left out: {left_out[name.lower()]}"
        else:
            what = f"is not in the config{nearest(name, known)}"
        raise ConfigError(f"{what}. Nothing was loaded.", where=f"table {name}")
    return frozenset(name.lower() for name in request.tables)


def _compare(draft: _Draft, live: Mapping[str, TableStructure]) -> None:
    """Fill the draft with the tables as they can be loaded now."""
    folded: dict[str, list[TableStructure]] = {}
    for structure in live.values():
        folded.setdefault(structure.name.lower(), []).append(structure)
    for name, table in sorted(draft.catalog.tables.items()):
        others = folded.get(table.raw_name, [])
        # A server may have changed the case of its names: one table of that name is the same one.
        drift = find_drift(table, live.get(name) or (others[0] if len(others) == 1 else None))
        if drift.table is None:
            draft.quarantined[name] = str(drift.reason)
            draft.has_drifted = True
            continue
        if drift.table != table:
            draft.has_drifted = True
        draft.tables[drift.table.name] = drift.table
        draft.applied.extend(f"table {name}: {change}" for change in drift.changes)


def _reshape(connection: WarehouseConnection, draft: _Draft, request: RefreshRequest) -> None:
    """Create and alter raw tables, and record who is in quarantine."""
    waiting = bookkeeping.read_quarantine(connection)
    present = read_raw_columns(connection)
    created = 0
    if not request.dry_run:
        connection.execute("select set_config('lock_timeout', '60s', false)")
    for name, table in list(draft.tables.items()):
        if table.raw_name in waiting:
            draft.quarantined[name] = waiting[table.raw_name]
            # It fits its config again: only discovery ends the quarantine.
            draft.has_drifted = True
            del draft.tables[name]
            continue
        is_new = table.raw_name not in present
        reshaping = plan_reshaping(table, present.get(table.raw_name, {}))
        created += is_new
        if request.dry_run or not (is_new or reshaping.is_needed):
            continue
        try:
            with connection.transaction():
                if is_new:
                    raw_tables.create_table(connection, table)
                else:
                    apply_reshaping(connection, table, reshaping)
        except StructureError as error:
            draft.quarantined[name] = str(error)
            draft.has_drifted = True
            del draft.tables[name]
    if created:
        draft.applied.insert(0, f"{created} raw tables were created, empty")
    if draft.run_id is not None:
        for name in draft.catalog.tables:
            # Also a table that was configured and never made has a state that says why.
            if name in draft.quarantined and name.lower() not in present:
                with connection.transaction():
                    raw_tables.create_table(connection, draft.catalog.tables[name])
        bookkeeping.quarantine(connection, draft.quarantined, run_id=draft.run_id)


def _settle_config(connection: WarehouseConnection, draft: _Draft) -> None:
    """Give the run a config that fits what the source has become."""
    before = draft.catalog.tables
    tables = {name: before[name] for name in before if name in draft.quarantined} | draft.tables
    if tables == dict(before) or draft.run_id is None:
        return
    derived = Catalog(tables=tables, excluded_tables=draft.catalog.excluded_tables)
    # The overrides are part of it by now, and may name what no longer exists.
    draft.version = config_versions.pin_bytes(
        connection, dump_catalog(derived), b"", derived_from=draft.version
    )
    bookkeeping.set_version(connection, draft.run_id, draft.version)


def _were_empty(
    tables: list[TableConfig], states: Mapping[str, bookkeeping.TableState]
) -> list[str]:
    return [
        table.name
        for table in tables
        if (state := states.get(table.raw_name)) is None or state.is_empty
    ]


def _split(
    draft: _Draft, tables: list[TableConfig], *, workers: int, planner: RangePlanner
) -> dict[str, int]:
    """Write down the ranges of large tables, and return how many each has; none in a dry run."""
    splits: dict[str, int] = {}
    for table in tables:
        if draft.run_id is not None and workers > 1:
            ranges = planner.ranges(table, workers)
            if len(ranges) > 1:
                store_ranges(planner.connection, draft.run_id, table.raw_name, ranges)
                splits[table.name] = len(ranges)
    return splits


def _order(
    tables: list[TableConfig], sizes: Mapping[str, TableSize]
) -> dict[Tier, tuple[str, ...]]:
    largest_first = sorted(
        tables, key=lambda table: (-sizes.get(table.name, _NO_SIZE).byte_count, table.name)
    )
    return {
        tier: tuple(table.name for table in largest_first if table.tier is tier) for tier in Tier
    }


def _has_new_tables(catalog: Catalog, live: Mapping[str, TableStructure]) -> bool:
    known = {name.lower() for name in (*catalog.tables, *catalog.excluded_tables)}
    return any(name.lower() not in known for name in live)
