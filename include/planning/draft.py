"""What a refresh would do with each table: decisions over what was read, and their application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from include.catalog.document import dump_catalog
from include.catalog.model import Catalog, TableConfig
from include.errors import StructureError
from include.ops.config_versions import pin_bytes
from include.ops.quarantine import quarantine
from include.ops.table_states import create_raw_table
from include.planning.drift import find_drift
from include.planning.indexes import DbtIndexes, with_indexes
from include.planning.reshape import RawColumn, Reshaping, apply_reshaping, plan_reshaping
from include.source.structure import TableStructure
from include.warehouse.session import WarehouseConnection

# Readers hold a raw table for moments only; somebody who holds it longer ends the plan.
LOCK_TIMEOUT = "60s"


@dataclass(frozen=True, slots=True)
class Draft:
    """The tables as they can be loaded now, by their names in the source, and what that takes.

    `created` are missing in raw. `applied` says in words what changes to follow the source.
    `has_drifted` says that the config no longer fits it.
    """

    catalog: Catalog
    tables: Mapping[str, TableConfig]
    created: tuple[TableConfig, ...]
    reshapings: Mapping[str, Reshaping]
    applied: tuple[str, ...]
    quarantined: Mapping[str, str]
    has_drifted: bool

    def without(self, refused: Mapping[str, str]) -> Draft:
        """Return the draft with these tables in quarantine, each with its reason."""
        if not refused:
            return self
        return replace(
            self,
            tables={name: one for name, one in self.tables.items() if name not in refused},
            quarantined={**self.quarantined, **refused},
            has_drifted=True,
        )


def draft_tables(
    catalog: Catalog,
    live: Mapping[str, TableStructure],
    *,
    waiting: Mapping[str, str],
    present: Mapping[str, Mapping[str, RawColumn]],
    dbt_indexes: DbtIndexes | None,
) -> Draft:
    """Compare the config with the live structure and with raw, and decide about each table.

    `waiting` are the tables in quarantine and `present` the columns of raw tables, both by their
    names in raw. A table in quarantine stays there: only discovery ends it.
    """
    drafted = _compare(catalog, live)
    drafted = drafted.without(
        {
            name: waiting[table.raw_name]
            for name, table in drafted.tables.items()
            if table.raw_name in waiting
        }
    )
    created = tuple(one for one in drafted.tables.values() if one.raw_name not in present)
    reshapings = {
        name: reshaping
        for name, table in drafted.tables.items()
        if table.raw_name in present
        and (reshaping := plan_reshaping(table, present[table.raw_name])).is_needed
    }
    news = (f"{len(created)} raw tables were created, empty",) if created else ()
    return replace(
        drafted,
        tables={
            name: with_indexes(table, live[name], dbt_indexes)
            for name, table in drafted.tables.items()
        },
        created=created,
        reshapings=reshapings,
        applied=(*news, *drafted.applied),
    )


def apply_draft(
    connection: WarehouseConnection, draft: Draft, *, run_id: int, config_version: int
) -> tuple[Draft, int]:
    """Create and alter raw tables, record who is in quarantine, and store the config that results.

    Returns the draft without the tables that could not be altered, and the config version that the
    run has to be pinned to. Each table changes in a transaction of its own; `connection` is in
    autocommit.
    """
    connection.execute("select set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
    for table in draft.created:
        with connection.transaction():
            create_raw_table(connection, table)
    refused: dict[str, str] = {}
    for name, reshaping in draft.reshapings.items():
        try:
            with connection.transaction():
                apply_reshaping(connection, draft.tables[name], reshaping)
        except StructureError as error:
            refused[name] = str(error)
    draft = draft.without(refused)
    for name, table in draft.catalog.tables.items():
        # Also a table that was configured and never made has a state that says why.
        if name in draft.quarantined:
            with connection.transaction():
                create_raw_table(connection, table)
    quarantine(connection, draft.quarantined, run_id=run_id)
    return draft, _pin_fitting(connection, draft, config_version)


def _compare(catalog: Catalog, live: Mapping[str, TableStructure]) -> Draft:
    """Return the tables as the live structure lets them be loaded."""
    folded: dict[str, list[TableStructure]] = {}
    for structure in live.values():
        folded.setdefault(structure.name.lower(), []).append(structure)
    tables: dict[str, TableConfig] = {}
    applied: list[str] = []
    quarantined: dict[str, str] = {}
    has_drifted = False
    for name, table in sorted(catalog.tables.items()):
        others = folded.get(table.raw_name, [])
        # A server may have changed the case of its names: one table of that name is the same one.
        drift = find_drift(table, live.get(name) or (others[0] if len(others) == 1 else None))
        has_drifted = has_drifted or drift.table != table
        if drift.table is None:
            quarantined[name] = str(drift.reason)
            continue
        tables[drift.table.name] = drift.table
        applied.extend(f"table {name}: {change}" for change in drift.changes)
    return Draft(catalog, tables, (), {}, tuple(applied), quarantined, has_drifted)


def _pin_fitting(connection: WarehouseConnection, draft: Draft, config_version: int) -> int:
    """Store a config that fits what the source has become, unless the present one does."""
    before = draft.catalog.tables
    kept = {name: before[name] for name in before if name in draft.quarantined}
    tables = {**kept, **draft.tables}
    if tables == dict(before):
        return config_version
    derived = replace(draft.catalog, tables=tables)
    # The overrides are part of it by now, and may name what no longer exists.
    return pin_bytes(connection, dump_catalog(derived), b"", derived_from=config_version)
