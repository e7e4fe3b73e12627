"""The config that a refresh is pinned to: the newest one, with discovery's decisions of today.

Before it pins a config, a refresh looks again at the tables that are new, changed, refused or in
quarantine, and takes discovery's decision for them. What is decided becomes the newest config, in
`ops.config` and in tables.yml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from include.catalog import files
from include.catalog.document import dump_catalog, parse_catalog
from include.catalog.model import Catalog
from include.catalog.overrides import ADVICE, Overrides, parse_overrides
from include.discovery.examine import Findings, Known, look_again, read_known, record
from include.endpoints import Endpoint
from include.errors import ConfigError
from include.ops import config_versions
from include.planning.drift import describe_changes
from include.planning.model import RefreshRequest
from include.source.session import SourceConnection
from include.source.structure import TableStructure
from include.warehouse.session import WarehouseConnection

_KEPT = "What raw holds of the table is intact, and the others go on. Correct the file."

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class RefreshConfig:
    """The config of a refresh, as a catalog and as the bytes of its two files.

    `began_with` are the bytes of tables.yml before this refresh looked. `changes` describes for
    people what was decided since.
    """

    catalog: Catalog
    tables: bytes
    overrides: bytes
    began_with: bytes
    findings: Findings
    changes: tuple[str, ...]

    def publish(self, connection: WarehouseConnection, directory: Path | None) -> int:
        """Record the config and what was measured; return its version.

        tables.yml in `directory` follows if it held what the decisions began with.
        """
        with connection.transaction():
            record(connection, self.findings)
            version = config_versions.pin_bytes(connection, self.tables, self.overrides)
        if directory is not None and self.tables != self.began_with:
            files.follow(directory, self.tables, began_with=self.began_with)
        return version


def decide_config(
    connection: WarehouseConnection,
    reader: SourceConnection,
    source: Endpoint,
    live: Mapping[str, TableStructure],
    request: RefreshRequest,
) -> RefreshConfig:
    """Return the config that the request names, with the decisions of today; nothing is written.

    Raises ConfigError for an invalid config or overrides.yml.
    """
    began_with, reviewed, where = _read(connection, request)
    before = parse_catalog(began_with, where=f"{where}/{files.TABLES_FILE}")
    overrides = parse_overrides(reviewed, where=f"{where}/{files.OVERRIDES_FILE}")
    known = read_known(connection, before, overrides)
    findings = look_again(reader, source, live, known)
    decided = _fitting(before, findings.decided, overrides)
    return RefreshConfig(
        catalog=overrides.apply(decided),
        tables=began_with if decided == before else dump_catalog(decided),
        overrides=reviewed,
        began_with=began_with,
        findings=findings,
        changes=tuple(_changes(known, decided, live)),
    )


def _read(connection: WarehouseConnection, request: RefreshRequest) -> tuple[bytes, bytes, str]:
    """Return the two documents that the request names, and the place of the second."""
    if request.config_directory is not None:
        return *files.read_bytes(request.config_directory), str(request.config_directory)
    tables, overrides = config_versions.newest_bytes(connection)
    if request.overrides_directory is None:
        return tables, overrides, "ops.config"
    overrides = files.read_overrides_bytes(request.overrides_directory)
    return tables, overrides, str(request.overrides_directory)


def _fitting(before: Catalog, decided: Catalog, overrides: Overrides) -> Catalog:
    """Return the decisions, less those that overrides.yml does not fit.

    A table for which it names what is gone keeps its config, and is refused until a person has
    corrected the file. Raises ConfigError when that does not even fit the decisions of before.
    """
    try:
        overrides.apply(decided)
        return decided
    except ConfigError:
        overrides.apply(before)
    fitting = before
    refused: dict[str, str] = {}
    for name in sorted(_raw_names(before) | _raw_names(decided)):
        candidate = _with_table(fitting, decided, name)
        try:
            overrides.apply(candidate)
            fitting = candidate
        except ConfigError as error:
            for table in before.tables:
                if table.lower() == name:
                    seen = error.message.removesuffix(ADVICE)
                    refused[table] = f"{files.OVERRIDES_FILE}: {seen}{_KEPT}"
    return replace(
        fitting, refused_tables=dict(sorted({**fitting.refused_tables, **refused}.items()))
    )


def _with_table(catalog: Catalog, other: Catalog, raw_name: str) -> Catalog:
    """Return the catalog with one table as the other has it."""

    def mixed(ours: Mapping[str, _Value], theirs: Mapping[str, _Value]) -> dict[str, _Value]:
        kept = {name: one for name, one in ours.items() if name.lower() != raw_name}
        taken = {name: one for name, one in theirs.items() if name.lower() == raw_name}
        return dict(sorted({**kept, **taken}.items()))

    return Catalog(
        tables=mixed(catalog.tables, other.tables),
        excluded_tables=mixed(catalog.excluded_tables, other.excluded_tables),
        refused_tables=mixed(catalog.refused_tables, other.refused_tables),
    )


def _raw_names(catalog: Catalog) -> set[str]:
    return {name.lower() for name in (*catalog.tables, *catalog.left_out)}


def _changes(known: Known, decided: Catalog, live: Mapping[str, TableStructure]) -> list[str]:
    """Return what a person reads about the tables that were looked at again."""
    found = []
    for name, table in decided.tables.items():
        old = known.before.of(name)
        if old is None:
            found.append(f"table {name}: taken in, tier {table.tier}")
            continue
        if name not in live or name in decided.refused_tables:
            continue
        if table.raw_name in known.quarantined:
            found.append(f"table {name}: came out of quarantine")
        if old.fingerprint != table.fingerprint:
            changes = describe_changes(old, table) or ("the config follows its new structure",)
            found.extend(f"table {name}: {change}" for change in changes)
    return found
