"""A backfill pins the past day that it keeps snapshots of."""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0009"
down_revision = "0008"

STATEMENTS = """
-- The past day of a backfill; null for a run of today.
alter table ops.run add column as_of_on date;
"""


def upgrade() -> None:
    """Add the column; no run before was of another day."""
    run(STATEMENTS)
