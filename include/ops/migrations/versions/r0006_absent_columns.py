"""What the practice's release of Open Dental lacks of what the staging models read."""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0006"
down_revision = "0005"

STATEMENTS = """
-- Columns that the staging views show as nulls, because the practice's release of Open Dental lacks
-- them or the config leaves them out; '*' is a table that the release lacks, whose view is empty.
create table ops.absent_column (
    table_name text not null,
    column_name text not null,
    since timestamptz not null default now(),
    primary key (table_name, column_name)
);
"""


def upgrade() -> None:
    """Add the list; the next plan fills it."""
    run(STATEMENTS)
