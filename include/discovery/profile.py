"""Measuring the practice database: exact row counts, bytes, and what moved since last time.

Rows are counted, because information_schema only estimates them. No row's content is read: the
latest stamp that the server maintains is asked for only where an index answers at once or the table
is small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from include.endpoints import Endpoint
from include.ops.profiles import EarlierMeasurement
from include.source.questions import ask_tables
from include.source.session import SourceConnection, quote, source_errors
from include.source.structure import TableStructure

# Below this many rows the latest stamp is found by reading the table.
SMALL_TABLE_ROWS = 50_000
SECONDS_A_DAY = 86_400
# Discoveries a few minutes apart say nothing about a day.
SHORTEST_INTERVAL_DAYS = 1 / 24


@dataclass(frozen=True, slots=True)
class TableMeasurement:
    """What one discovery measured of a table.

    `next_number` is the auto-increment counter, `latest_stamp` the newest server-maintained
    stamp, `updated_at` the engine's own note. `changes_a_day` compares with the discovery before:
    rows gained, lost or numbered; None the first time.
    """

    row_count: int
    byte_count: int
    engine: str | None
    next_number: int | None = None
    updated_at: str | None = None
    latest_stamp: str | None = None
    changes_a_day: float | None = None

    @property
    def content_marker(self) -> str:
        """A text that differs, as far as cheap signs tell, when the content does."""
        return (
            f"rows={self.row_count} next={self.next_number} stamp={self.latest_stamp} "
            f"updated={self.updated_at}"
        )


def measure_tables(
    connection: SourceConnection, endpoint: Endpoint, structures: Mapping[str, TableStructure]
) -> dict[str, TableMeasurement]:
    """Return the measurement of every table that can be read, without a change rate.

    A table that the server cannot read at present is left out; the others are not affected by it.
    """
    if not structures:
        return {}
    with source_errors(endpoint), connection.cursor() as cursor:
        cursor.execute(
            "select table_name, engine, coalesce(data_length, 0) + coalesce(index_length, 0), "
            "auto_increment, update_time, table_rows from information_schema.tables "
            "where table_schema = database()"
        )
        facts = {row[0]: row[1:] for row in cursor.fetchall()}
        questions = {
            name: _question(table, int(facts[name][4] or 0))
            for name, table in structures.items()
            if name in facts
        }
        measured: dict[str, TableMeasurement] = {}
        for name, row_count, stamp in ask_tables(cursor, questions):
            engine, byte_count, next_number, updated_at, _ = facts[name]
            measured[name] = TableMeasurement(
                row_count=int(row_count),
                byte_count=int(byte_count),
                engine=engine,
                next_number=None if next_number is None else int(next_number),
                updated_at=None if updated_at is None else str(updated_at),
                latest_stamp=None if stamp is None else str(stamp),
            )
    return measured


def with_changes(
    measurement: TableMeasurement, earlier: EarlierMeasurement | None, *, now: datetime
) -> TableMeasurement:
    """Return the measurement with the changes a day since an earlier one."""
    if earlier is None:
        return measurement
    days = max(
        (now - earlier.discovered_at).total_seconds() / SECONDS_A_DAY, SHORTEST_INTERVAL_DAYS
    )
    if measurement.content_marker == earlier.content_marker:
        return replace(measurement, changes_a_day=0.0)
    numbered = 0
    before = _marked_number(earlier.content_marker)
    if before is not None and measurement.next_number is not None:
        numbered = abs(measurement.next_number - before)
    # A marker that moved with neither means edits, of which at least one is known.
    changes = max(abs(measurement.row_count - earlier.row_count), numbered, 1)
    return replace(measurement, changes_a_day=round(changes / days, 2))


def _question(structure: TableStructure, estimated_rows: int) -> str:
    stamp = _cheap_stamp(structure, estimated_rows)
    latest = f"cast(max({quote(stamp)}) as char)" if stamp else "null"
    return f"count(*), {latest} from {quote(structure.name)}"


def _cheap_stamp(structure: TableStructure, estimated_rows: int) -> str | None:
    """Return the maintained stamp whose maximum costs little, or None."""
    for column in structure.on_update_columns:
        if not structure.column(column).is_readable:
            continue
        is_indexed = any(index.columns[:1] == (column,) for index in structure.indexes)
        if is_indexed or estimated_rows < SMALL_TABLE_ROWS:
            return column
    return None


def _marked_number(marker: str) -> int | None:
    fields = dict(part.split("=", 1) for part in marker.split(" ") if "=" in part)
    text = fields.get("next", "")
    return int(text) if text.isdigit() else None
