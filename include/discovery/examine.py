"""What discovery learns of live tables, and what it decides about them.

Discovery looks at the whole schema. The plan of each refresh looks at the tables about which there
is something to decide: new ones, changed ones, those in quarantine.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from include import settings
from include.catalog.model import Catalog
from include.catalog.overrides import Overrides
from include.discovery import tiers
from include.discovery.decisions import Before, Evidence, decide, exclusions
from include.discovery.importance import score_tables
from include.discovery.profile import measure_tables, with_changes
from include.discovery.record import table_profiles
from include.discovery.references import infer_references
from include.endpoints import Endpoint
from include.ops import profiles, stored_tables
from include.ops.quarantine import read_quarantine
from include.source.session import SourceConnection
from include.source.structure import TableStructure
from include.transform.lineage import read_lineage
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was learnt at `found_at`, and the decisions that follow, without a person's overrides.

    `decided` covers the whole schema: the tables that were not looked at are as they were.
    """

    evidence: Evidence
    decided: Catalog
    found_at: datetime

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The tables that keep their config because the server cannot read them at present."""
        looked_at, measured = self.evidence.looked_at, self.evidence.measurements
        refused = self.decided.left_out
        return tuple(sorted(n for n in looked_at if n not in measured and n not in refused))

    @property
    def lost(self) -> tuple[str, ...]:
        """The tables that were loaded once and that the source no longer has."""
        live = self.evidence.live
        return tuple(n for n, t in self.decided.tables.items() if t.raw_name not in live)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before the source is looked at, and what a person has said."""

    before: Before
    overrides: Overrides
    earlier: Mapping[str, profiles.EarlierMeasurement]
    quarantined: frozenset[str]


def read_known(connection: WarehouseConnection, decided: Catalog, overrides: Overrides) -> Known:
    """Return what the warehouse knows beside these decisions."""
    return Known(
        before=Before(decided, stored_tables.ever_loaded(connection)),
        overrides=overrides,
        earlier=profiles.earlier_measurements(connection),
        quarantined=frozenset(read_quarantine(connection)),
    )


def examine(
    reader: SourceConnection,
    source: Endpoint,
    structures: Mapping[str, TableStructure],
    known: Known,
    *,
    names: Collection[str],
) -> Findings:
    """Measure the tables of these names and decide about them; nothing is written."""
    overrides, now = known.overrides, datetime.now(UTC)
    left_out = exclusions(structures, overrides, known.before.decided)
    readable = {
        name: table
        for name, table in structures.items()
        if table.is_open and any(column.is_readable for column in table.columns)
    }
    measured = measure_tables(
        reader, source, {name: table for name, table in readable.items() if name in names}
    )
    measurements = {
        name: with_changes(found, known.earlier.get(name), now=now)
        for name, found in measured.items()
    }
    references = infer_references(readable) if measurements else ()
    importance = (
        score_tables(readable, references, measurements, _tables_read_by_dbt(settings.DBT_MANIFEST))
        if measurements
        else {}
    )
    evidence = Evidence(structures, frozenset(names), measurements, references, importance)
    return Findings(evidence, decide(evidence, left_out, overrides, known.before), now)


def look_again(
    reader: SourceConnection,
    source: Endpoint,
    structures: Mapping[str, TableStructure],
    known: Known,
) -> Findings:
    """Examine what the decisions of before do not settle: see `unsettled`."""
    return examine(reader, source, structures, known, names=unsettled(structures, known))


def unsettled(structures: Mapping[str, TableStructure], known: Known) -> frozenset[str]:
    """Return the live tables to look at: new, changed, refused, or in quarantine.

    Names that differ by case only are looked at together. What is left out by its name, or by a
    person, is not looked at.
    """
    decided = known.before.decided
    overrides = known.overrides
    by_name = {*exclusions(structures, overrides, decided).excluded, *overrides.excluded_tables}
    found = set()
    for name, table in structures.items():
        config = decided.tables.get(name)
        if name not in by_name and (
            config is None
            or (table.is_open and config.fingerprint != table.fingerprint)
            or name in decided.refused_tables
            or name.lower() in known.quarantined
        ):
            found.add(name.lower())
    return frozenset(n for n in structures if n.lower() in found and n not in by_name)


def record(connection: WarehouseConnection, findings: Findings) -> None:
    """Write what was measured to `ops.table_profile`; the caller commits."""
    evidence = findings.evidence
    audit = {
        name: tiers.audit_signals(
            evidence.structures[name], evidence.references, evidence.importance[name]
        )
        for name in evidence.measurements
    }
    profiles.write_profiles(connection, table_profiles(evidence, audit), findings.found_at)


def _tables_read_by_dbt(manifest: Path) -> frozenset[str]:
    """Return the raw tables that models beyond staging read; none where no project was baked."""
    if not manifest.exists():
        log.warning(
            "there is no manifest of the dbt project: no table counts as read by it. Write it with "
            "`./dental transform --bake`, then run discovery again"
        )
        return frozenset()
    return read_lineage(manifest).tables_read_beyond_staging()
