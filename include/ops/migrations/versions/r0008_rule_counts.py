"""What was counted in a table is kept, so that it need not be counted again."""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0008"
down_revision = "0007"

STATEMENTS = """
-- What Great Expectations counted last in each table: the rows and the breaches of each rule, in
-- the order of the rules, with a digest of all that decides these counts.
create table ops.rule_count (
    table_name text primary key,
    inputs text not null,
    row_counts bigint [] not null,
    breach_counts bigint [] not null,
    breaking_rows bigint not null,
    -- Of the Data Docs, below the directory of the table's tier.
    page text not null,
    run_id bigint not null references ops.run,
    counted_at timestamptz not null default now()
);
"""


def upgrade() -> None:
    """Add the table, empty: the first validation of this release counts everything."""
    run(STATEMENTS)
