"""What discovery writes to `ops`: measurements, and who is in quarantine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from psycopg.types.json import Jsonb

from include.catalog.model import Catalog
from include.discovery.decisions import REFUSED, Evidence
from include.discovery.profile import EarlierMeasurement
from include.warehouse.session import WarehouseConnection

DROPPED = "the source no longer has this table; these are the rows of its last good load"


def earlier_measurements(connection: WarehouseConnection) -> dict[str, EarlierMeasurement]:
    """Return what the latest discovery measured, by the tables' names in the source."""
    rows = connection.execute(
        "select distinct on (source_name) source_name, row_count, coalesce(content_marker, ''), "
        "discovered_at from ops.table_profile order by source_name, discovered_at desc"
    ).fetchall()
    return {
        name: EarlierMeasurement(row_count, marker, discovered_at)
        for name, row_count, marker, discovered_at in rows
    }


def write_profiles(
    connection: WarehouseConnection,
    evidence: Evidence,
    audit: Mapping[str, Mapping[str, float]],
    now: datetime,
) -> None:
    """Write one row per table that was measured; names that differ by case have one row each."""
    references: dict[str, list[dict[str, str | None]]] = {}
    for reference in evidence.references:
        references.setdefault(reference.table, []).append(
            {
                "column": reference.column,
                "kind": reference.kind.value,
                "target": reference.target,
                "told_by": reference.told_by,
                "rule": reference.rule,
            }
        )
    rows = []
    for name, structure in evidence.structures.items():
        measured, importance = evidence.measurements[name], evidence.importance[name]
        rows.append(
            (
                now,
                # Two tables of one folded name are both left out: keep their rows apart.
                name if _is_twin(name, evidence) else name.lower(),
                name,
                measured.row_count,
                measured.byte_count,
                measured.engine,
                structure.fingerprint,
                measured.content_marker,
                measured.changes_a_day,
                importance.score,
                Jsonb({**importance.signals, "audit": dict(audit[name])}),
                Jsonb(references.get(name, [])),
                list(structure.on_update_columns),
            )
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.table_profile (discovered_at, table_name, source_name, row_count, "
            "byte_count, engine, fingerprint, content_marker, change_rate, score, signals, "
            "inferred_references, on_update_columns) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )


def release(
    connection: WarehouseConnection, catalog: Catalog, live: Collection[str]
) -> tuple[str, ...]:
    """End the quarantine of tables that can be loaded again; return their names in the source.

    Their gate stays closed until they are loaded and validated.
    """
    loadable = {table.raw_name: name for name, table in catalog.tables.items()}
    left_out = [
        name.lower()
        for name, reason in catalog.excluded_tables.items()
        if not reason.startswith(REFUSED)
    ]
    connection.execute("delete from ops.quarantine where table_name = any(%s)", (left_out,))
    # Nobody can load what was dropped. Marts that read it say so themselves; its rows stay.
    gone = connection.execute(
        "delete from ops.quarantine where not table_name = any(%s) returning table_name",
        ([*left_out, *loadable, *(name.lower() for name in live)],),
    ).fetchall()
    connection.execute(
        "update ops.table_state set is_publishable = false, blocked_reason = %s, "
        "state = case when loaded_at is null then 'never_loaded' else 'loaded' end "
        "where table_name = any(%s)",
        (DROPPED, [name for (name,) in gone]),
    )
    connection.execute(
        "update ops.table_state set is_publishable = false, "
        "blocked_reason = 'left out by the config' where table_name = any(%s)",
        (left_out,),
    )
    rows = connection.execute(
        "delete from ops.quarantine where table_name = any(%s) returning table_name",
        (sorted(loadable),),
    ).fetchall()
    released = tuple(sorted(row[0] for row in rows))
    # What stands in raw decides how the next load goes on.
    connection.execute(
        "update ops.table_state s set state = case when s.loaded_at is not null then 'loaded' "
        "when exists (select from ops.chunk c where c.table_name = s.table_name) then 'loading' "
        "else 'never_loaded' end, blocked_reason = 'left quarantine, not loaded since' "
        "where table_name = any(%s) and state = 'quarantined'",
        (list(released),),
    )
    return tuple(loadable[name] for name in released)


def quarantine_refused(connection: WarehouseConnection, catalog: Catalog) -> None:
    """Record the tables that cannot be replicated as they are, each with the reason."""
    for name, reason in catalog.excluded_tables.items():
        if reason.startswith(REFUSED):
            connection.execute(
                "insert into ops.quarantine (table_name, reason) values (%s, %s) "
                "on conflict (table_name) do update set reason = excluded.reason",
                (name.lower(), reason),
            )
            connection.execute(
                "update ops.table_state set state = 'quarantined', is_publishable = false, "
                "blocked_reason = %s where table_name = %s",
                (reason, name.lower()),
            )


def _is_twin(name: str, evidence: Evidence) -> bool:
    return sum(other.lower() == name.lower() for other in evidence.structures) > 1
