"""What a refresh does with each table: `draft_tables` decides, `apply_draft` carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from psycopg.errors import InsufficientPrivilege

from include.catalog.document import dump_catalog
from include.catalog.model import Catalog, TableConfig
from include.errors import StructureError
from include.names import counted
from include.ops.config_versions import pin_bytes
from include.ops.quarantine import quarantine, refuse, release
from include.ops.table_states import create_raw_table
from include.planning.drift import find_hindrance
from include.planning.indexes import DbtIndexes, with_indexes
from include.planning.reshape import RawColumn, Reshaping, apply_reshaping, plan_reshaping
from include.source.rights import MissingRight
from include.source.structure import TableStructure
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

# Readers lock a raw table only briefly; the plan fails if somebody locks one for longer.
LOCK_TIMEOUT = "60s"
_OWNED_BY_ANOTHER = (
    "the source's columns have changed, and raw.{table} cannot follow: it belongs to the role "
    "{owner}. Its rows are as they were. Let {owner} give it (`alter table ... owner to`) to the "
    "role of the connection 'warehouse'; the next refresh takes it back."
)


@dataclass(frozen=True, slots=True)
class Draft:
    """The tables that can be loaded, by their names in the source, and what to change before.

    `created` are to be created in raw, `set_aside` as well although they are in quarantine, and
    `reshapings` are the changes of existing raw tables.
    `applied` describes for people what follows the source. `quarantined` has the other tables, with
    the reasons. `live` are the names in raw of the tables that the source has.
    """

    catalog: Catalog
    tables: Mapping[str, TableConfig]
    created: tuple[TableConfig, ...]
    set_aside: tuple[TableConfig, ...]
    reshapings: Mapping[str, Reshaping]
    applied: tuple[str, ...]
    quarantined: Mapping[str, str]
    live: frozenset[str]

    @property
    def kept_back(self) -> tuple[TableConfig, ...]:
        """The configured tables that are in quarantine."""
        tables = self.catalog.tables
        return tuple(tables[name] for name in sorted(self.quarantined) if name in tables)

    def without(self, refused: Mapping[str, str]) -> Draft:
        """Return the draft with these tables in quarantine, each with its reason."""
        if not refused:
            return self
        return replace(
            self,
            tables={name: one for name, one in self.tables.items() if name not in refused},
            quarantined={**self.quarantined, **refused},
        )


def draft_tables(
    catalog: Catalog,
    live: Mapping[str, TableStructure],
    *,
    refused: Mapping[str, MissingRight],
    present: Mapping[str, Mapping[str, RawColumn]],
    dbt_indexes: DbtIndexes | None,
) -> Draft:
    """Compare the config with the live structure and with raw, and decide about each table.

    `refused` are the tables that the source lists to nobody without a right on them, by their names
    there; `present` are the columns of raw tables, by their names in raw. Only what is found today
    counts: a table that was in quarantine comes out when nothing speaks against it any more.
    """
    drafted = _find(catalog, live, refused)
    created = tuple(one for one in drafted.tables.values() if one.raw_name not in present)
    reshapings = {
        name: reshaping
        for name, table in drafted.tables.items()
        if table.raw_name in present
        and (reshaping := plan_reshaping(table, present[table.raw_name])).is_needed
    }
    creations = (f"{counted(len(created), 'raw table')} created, empty",) if created else ()
    return replace(
        drafted,
        tables={
            name: with_indexes(table, live[name], dbt_indexes) if live[name].is_open else table
            for name, table in drafted.tables.items()
        },
        created=created,
        set_aside=tuple(
            table
            for name, table in catalog.tables.items()
            if name in drafted.quarantined and table.raw_name not in present
        ),
        reshapings=reshapings,
        applied=(*creations, *_withdrawn(drafted.tables, reshapings)),
    )


def _withdrawn(tables: Mapping[str, TableConfig], reshapings: Mapping[str, Reshaping]) -> list[str]:
    """Describe the columns that raw holds and the config excludes by now."""
    return [
        f"table {name}: column {column.name} stays in the source from now on; raw keeps NULL"
        for name, reshaping in reshapings.items()
        for column in tables[name].columns
        if column.is_excluded and column.raw_name in reshaping.retired
    ]


def apply_draft(
    connection: WarehouseConnection, draft: Draft, *, run_id: int, config_version: int
) -> tuple[Draft, int]:
    """End and begin quarantines, create and alter raw tables, and store the config that results.

    A table that cannot be created or altered, or that another role owns, goes into quarantine.
    Returns the draft as it was carried out, and the config version that the run has to be pinned
    to. Each table changes in a transaction of its own; `connection` is in autocommit.
    """
    connection.execute("select set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
    with connection.transaction():
        release(
            connection,
            loadable={table.raw_name for table in draft.tables.values()},
            left_out={name.lower() for name in draft.catalog.excluded_tables},
            known=draft.live | {table.raw_name for table in draft.catalog.tables.values()},
        )
        refuse(connection, draft.catalog.refusals)
    # A table in quarantine that was never created is created too, so that its state has the reason.
    refused: dict[str, str] = {}
    for table in (*draft.created, *draft.set_aside):
        try:
            with connection.transaction():
                create_raw_table(connection, table)
        except StructureError as error:
            refused[table.name] = str(error)
    for name, reshaping in draft.reshapings.items():
        try:
            with connection.transaction():
                apply_reshaping(connection, draft.tables[name], reshaping)
        except StructureError as error:
            refused[name] = str(error)
        except InsufficientPrivilege:
            owner = raw_tables.owner(connection, draft.tables[name].raw_name)
            refused[name] = _OWNED_BY_ANOTHER.format(table=draft.tables[name].raw_name, owner=owner)
    draft = draft.without(refused)
    quarantine(connection, draft.quarantined, run_id=run_id)
    return draft, _pin_adapted(connection, draft, config_version)


def _find(
    catalog: Catalog, live: Mapping[str, TableStructure], refused: Mapping[str, MissingRight]
) -> Draft:
    """Find each table in the source, or put it into quarantine."""
    folded: dict[str, list[TableStructure]] = {}
    for structure in live.values():
        folded.setdefault(structure.name.lower(), []).append(structure)
    tables: dict[str, TableConfig] = {}
    quarantined: dict[str, str] = {}
    for name, table in sorted(catalog.tables.items()):
        if name in catalog.refused_tables:
            quarantined[name] = catalog.refused_tables[name]
            continue
        others = folded.get(table.raw_name, [])
        # The server may have changed the case of its names. If only one table has this name without
        # regard to case, it is the same table.
        found = live.get(name) or (others[0] if len(others) == 1 else None)
        hindrance = find_hindrance(table, found, refused=refused.get(name))
        if found is None or hindrance:
            quarantined[name] = str(hindrance)
            continue
        tables[found.name] = replace(table, name=found.name)
    return Draft(
        catalog=catalog,
        tables=tables,
        created=(),
        set_aside=(),
        reshapings={},
        applied=(),
        quarantined=quarantined,
        live=frozenset(folded),
    )


def _pin_adapted(connection: WarehouseConnection, draft: Draft, config_version: int) -> int:
    """Store the draft's config and return its version; the present one if nothing differs."""
    before = draft.catalog.tables
    kept = {name: before[name] for name in before if name in draft.quarantined}
    tables = {**kept, **draft.tables}
    if tables == dict(before):
        return config_version
    derived = replace(draft.catalog, tables=tables)
    # Its tables have the overrides already.
    return pin_bytes(connection, dump_catalog(derived), b"", derived_from=config_version)
