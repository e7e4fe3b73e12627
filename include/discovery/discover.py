"""Discovery: measure the practice database, decide, and write what was decided.

Step by step: structure and counts -> references -> importance -> tiers, protection, exclusions ->
tables.yml -> `ops.table_profile`, `ops.config`. Gates and quarantine are the refresh's to set.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from include.catalog.document import parse_catalog
from include.catalog.files import read_bytes, read_decisions, read_overrides, write_catalog
from include.catalog.model import Catalog, Tier
from include.discovery.examine import Findings, examine, read_known, record
from include.endpoints import Endpoint
from include.errors import ConfigError
from include.ops import schema
from include.ops.config_versions import newest_bytes, pin_bytes
from include.sessions.slots import own_source_slot
from include.source import session as source_session
from include.source.rights import find_refused_tables
from include.source.session import SourceConnection, source_errors
from include.source.structure import read_structures
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)

_NOTHING = Catalog({}, {})


@dataclass(frozen=True, slots=True)
class DiscoveryResult:
    """What a discovery found and decided.

    `refused` cannot be replicated as they are, each with the reason. `unreadable` and `lost` keep
    the config of before: the server cannot read them at present, or no longer lists them though
    they were loaded once, for the reason given. `is_changed` says whether tables.yml has new bytes.
    """

    config_version: int
    catalog: Catalog
    is_changed: bool
    refused: dict[str, str]
    unreadable: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)

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
    for an invalid overrides.yml or manifest of the dbt project; nothing is written then.
    """
    overrides = read_overrides(config_directory)
    with schema.connect(warehouse) as connection:
        with connection.transaction():
            previous = _previous(connection, config_directory) or _NOTHING
            known = read_known(connection, previous, overrides)
        with own_source_slot(warehouse, source), source_session.connect(source) as reader:
            structures = read_structures(reader, source)
            found = examine(reader, source, structures, known, names=structures.keys())
            lost = _lost(reader, source, found)
        catalog = overrides.apply(found.decided)
        is_changed = write_catalog(config_directory, found.decided)
        tables, reviewed = read_bytes(config_directory)
        with connection.transaction():
            record(connection, found)
            version = pin_bytes(connection, tables, reviewed)
    for name, reason in catalog.left_out.items():
        log.info("table %s is left out: %s", name, reason)
    for name, columns in catalog.excluded_columns.items():
        log.info("table %s: these columns stay in the source: %s", name, ", ".join(columns))
    # What a person has left out is nobody's concern.
    lost = {name: reason for name, reason in lost.items() if name in catalog.tables}
    for name, reason in lost.items():
        log.warning("table %s: %s", name, reason)
    log.info(
        "discovered %s tables (%s left out, %s refused), config version %s, %s",
        len(structures),
        len(catalog.left_out),
        len(catalog.refused_tables),
        version,
        "changed" if is_changed else "unchanged",
    )
    unreadable = tuple(name for name in found.unreadable if name in catalog.tables)
    return DiscoveryResult(version, catalog, is_changed, catalog.refusals, unreadable, lost)


def _lost(reader: SourceConnection, source: Endpoint, found: Findings) -> dict[str, str]:
    """Return the tables that were loaded once and are not listed any more, each with the reason."""
    with source_errors(source), reader.cursor() as cursor:
        refused = find_refused_tables(cursor, found.lost)
    gone = (
        "the source no longer has this table. Its config stays until overrides.yml excludes it "
        "under exclude_tables"
    )
    return {
        name: f"{refused[name].seen}. {refused[name].advice}" if name in refused else gone
        for name in found.lost
    }


def _previous(connection: WarehouseConnection, config_directory: Path) -> Catalog | None:
    """Return the decisions of before: the newest ones that were recorded, or else the file's.

    Refreshes follow the recorded ones and add to them, on whichever machine they run. A file that
    cannot be read is written anew.
    """
    try:
        return parse_catalog(newest_bytes(connection)[0], where="ops.config")
    except ConfigError:
        pass  # the first discovery of this warehouse
    try:
        return read_decisions(config_directory)
    except ConfigError as error:
        log.warning("writing tables.yml anew: %s", error)
        return None
