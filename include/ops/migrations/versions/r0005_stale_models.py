"""A run knows what day it was at the practice, and a node of dbt by what it was made."""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0005"
down_revision = "0004"

STATEMENTS = """
-- The date of the practice's server when the plan connected, and its distance from UTC.
alter table ops.run add column office_on date, add column office_utc_minutes smallint;

-- The practice's today, which the models read: that of the newest run that connected.
create view ops.office_day as
select office_on
from ops.run
where office_on is not null
order by run_id desc
limit 1;

-- By which SQL, settings, inputs and day each node of dbt was made, or last passed as a test. A
-- model that begins to be built deletes its row; who knows by what it was built writes it again.
create table ops.node_state (
    node text primary key,
    sql_digest text not null,
    settings_digest text not null,
    -- Of a view, the columns of its raw tables; of a test, the newest loads of all that it reads.
    inputs_digest text not null,
    -- Null where the node does not read the practice's day.
    office_on date,
    recorded_at timestamptz not null default now()
);
"""


def upgrade() -> None:
    """Add what is missing; nothing that was built before is known, so that all of it is stale."""
    run(STATEMENTS)
