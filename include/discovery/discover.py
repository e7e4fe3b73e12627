"""Discovery: measure the practice database, decide, and write what was decided.

Step by step: structure and counts -> references -> importance -> tiers, protection, exclusions ->
tables.yml -> `ops.table_profile`, `ops.config`, `ops.quarantine`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from include import settings
from include.catalog.document import parse_catalog
from include.catalog.files import read_bytes, read_decisions, read_overrides, write_catalog
from include.catalog.model import Catalog, Tier
from include.discovery import tiers
from include.discovery.decisions import Evidence, decide, exclusions
from include.discovery.importance import score_tables
from include.discovery.profile import measure_tables, with_changes
from include.discovery.record import table_profiles
from include.discovery.references import infer_references
from include.endpoints import Endpoint
from include.errors import ConfigError
from include.ops import profiles, quarantine, schema
from include.ops.config_versions import newest_bytes, pin_bytes
from include.sessions.slots import own_source_slot
from include.source import session as source_session
from include.source.rights import find_refused_tables
from include.source.session import SourceConnection, source_errors
from include.source.structure import read_structures
from include.transform.lineage import read_lineage
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)

UNREADABLE_TABLE = (
    "the server cannot read the table. Its rows in the warehouse are as they were. Let the "
    "practice check and repair it (CHECK TABLE, REPAIR TABLE), then run discovery again."
)


@dataclass(frozen=True, slots=True)
class DiscoveryResult:
    """What a discovery found and decided.

    `released` are tables that left quarantine; `refused` cannot be replicated as they are, each
    with the reason; `is_changed` says whether tables.yml has new bytes.
    """

    config_version: int
    catalog: Catalog
    is_changed: bool
    released: tuple[str, ...]
    refused: dict[str, str]

    @property
    def tier_sizes(self) -> dict[Tier, int]:
        """How many tables each tier has."""
        sizes = Counter(table.tier for table in self.catalog.tables.values())
        return {tier: sizes[tier] for tier in Tier}


def discover(source: Endpoint, warehouse: Endpoint, *, config_directory: Path) -> DiscoveryResult:
    """Inspect the source and write the config of every table; safe to run at any time.

    The decisions stay byte for byte while nothing speaks clearly against them. The warehouse's
    bookkeeping is written in one transaction after tables.yml, so a discovery that fails leaves
    either the old config everywhere or a new file that the next one records. Raises ConfigError
    for an invalid overrides.yml or manifest of the dbt project before the source is read.
    """
    overrides = read_overrides(config_directory)
    read_by_dbt = _tables_read_by_dbt(settings.DBT_MANIFEST)
    now = datetime.now(UTC)
    with schema.connect(warehouse) as connection:
        with connection.transaction():
            previous = _previous(connection, config_directory)
            earlier = profiles.earlier_measurements(connection)
        with own_source_slot(warehouse, source), source_session.connect(source) as reader:
            structures = read_structures(reader, source)
            left_out = exclusions(structures, overrides, previous).refusing(
                _refused(reader, source, previous, structures)
            )
            readable = {
                name: table
                for name, table in structures.items()
                if any(column.is_readable for column in table.columns)
            }
            measured = measure_tables(reader, source, readable)
        measurements = {
            name: with_changes(found, earlier.get(name), now=now)
            for name, found in measured.items()
        }
        known = {name: structures[name] for name in measurements}
        left_out = left_out.refusing(
            {
                name: UNREADABLE_TABLE
                for name in readable
                if name not in known and name not in left_out
            }
        )
        references = infer_references(known)
        importance = score_tables(known, references, measurements, read_by_dbt)
        evidence = Evidence(known, measurements, references, importance)
        decided = decide(evidence, left_out, overrides, previous)
        catalog = overrides.apply(decided)
        is_changed = write_catalog(config_directory, decided)
        tables, reviewed = read_bytes(config_directory)
        audit = {
            name: tiers.audit_signals(table, references, importance[name])
            for name, table in known.items()
        }
        with connection.transaction():
            profiles.write_profiles(connection, table_profiles(evidence, audit), now)
            version = pin_bytes(connection, tables, reviewed)
            live = {*structures, *catalog.refused_tables}
            released = _release(connection, catalog, live)
            quarantine.refuse(connection, catalog.refusals)
    for name, reason in catalog.left_out.items():
        log.info("table %s is left out: %s", name, reason)
    for name, columns in catalog.excluded_columns.items():
        log.info("table %s: these columns stay in the source: %s", name, ", ".join(columns))
    log.info(
        "discovered %s tables (%s left out, %s refused), config version %s, %s",
        len(structures),
        len(catalog.left_out),
        len(catalog.refused_tables),
        version,
        "changed" if is_changed else "unchanged",
    )
    return DiscoveryResult(version, catalog, is_changed, released, catalog.refusals)


def _refused(
    reader: SourceConnection,
    source: Endpoint,
    previous: Catalog | None,
    structures: Collection[str],
) -> dict[str, str]:
    """Return the tables known from before that the source hides, each with the missing right."""
    known = {*previous.tables, *previous.refused_tables} if previous else set()
    with source_errors(source), reader.cursor() as cursor:
        refused = find_refused_tables(cursor, sorted(known - set(structures)))
    return {name: f"{missing.seen}. {missing.advice}" for name, missing in refused.items()}


def _release(
    connection: WarehouseConnection, catalog: Catalog, live: Collection[str]
) -> tuple[str, ...]:
    """End the quarantine of tables that can be loaded; return their names in the source."""
    loadable = {table.raw_name: name for name, table in catalog.tables.items()}
    released = quarantine.release(
        connection,
        loadable=loadable,
        left_out={name.lower() for name in catalog.excluded_tables},
        live={name.lower() for name in live},
    )
    return tuple(loadable[name] for name in released)


def _tables_read_by_dbt(manifest: Path) -> frozenset[str]:
    """Return the raw tables that models beyond staging read; none where no project was baked."""
    if not manifest.exists():
        log.warning(
            "there is no manifest of the dbt project: no table counts as read by it. Write it with "
            "`./dental transform --bake`, then run discovery again"
        )
        return frozenset()
    return read_lineage(manifest).tables_read_beyond_staging()


def _previous(connection: WarehouseConnection, config_directory: Path) -> Catalog | None:
    """Return the decisions of before: of the file, or of the newest one that was recorded.

    Another machine's worker has no file of its own. A file that cannot be read is written anew.
    """
    try:
        found = read_decisions(config_directory)
    except ConfigError as error:
        log.warning("writing tables.yml anew: %s", error)
        found = None
    if found is None:
        try:
            found = parse_catalog(newest_bytes(connection)[0], where="ops.config")
        except ConfigError:
            # The first discovery of all.
            return None
    return found
