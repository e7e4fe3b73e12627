"""The measurements of each discovery: `ops.table_profile`. Its decisions are in `ops.config`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class TableProfile:
    """What one discovery measured of one table, with its score and the signals behind it.

    `table_name` is the name in raw. Tables that differ only in case would share it, so these have
    their names in the source.
    """

    table_name: str
    source_name: str
    row_count: int
    byte_count: int
    engine: str | None
    fingerprint: str
    content_marker: str
    change_rate: float | None
    score: float
    signals: Mapping[str, Any]
    inferred_references: Sequence[Mapping[str, str | None]]
    on_update_columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class EarlierMeasurement:
    """What the discovery before this one measured."""

    row_count: int
    content_marker: str
    discovered_at: datetime


def earlier_measurements(connection: WarehouseConnection) -> dict[str, EarlierMeasurement]:
    """Return what the latest discovery measured, by the tables' names in the source."""
    return {
        name: EarlierMeasurement(*measured)
        for name, *measured in connection.execute(
            """
            select distinct on (source_name)
                source_name, row_count, coalesce(content_marker, ''), discovered_at
            from ops.table_profile
            order by source_name, discovered_at desc
            """
        )
    }


def write_profiles(
    connection: WarehouseConnection, profiles: Iterable[TableProfile], now: datetime
) -> None:
    """Write one row per table that was measured; the caller commits."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.table_profile (
                discovered_at, table_name, source_name, row_count, byte_count, engine, fingerprint,
                content_marker, change_rate, score, signals, inferred_references, on_update_columns
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    now,
                    one.table_name,
                    one.source_name,
                    one.row_count,
                    one.byte_count,
                    one.engine,
                    one.fingerprint,
                    one.content_marker,
                    one.change_rate,
                    one.score,
                    Jsonb(dict(one.signals)),
                    Jsonb([dict(reference) for reference in one.inferred_references]),
                    list(one.on_update_columns),
                )
                for one in profiles
            ],
        )
