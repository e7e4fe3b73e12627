"""A build can compute the rows of some accounts alone."""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0010"
down_revision = "0009"

STATEMENTS = """
-- The accounts (patients) whose rows this transaction computes; null outside of such a build, for
-- all of them. It depends on a setting and is called immutable nevertheless: only then does the
-- planner put its value in, so that a view that names it is searched by an index in such a build,
-- and is what it would be without it in every other session. No plan may outlive the transaction.
create function ops.restated_accounts() returns bigint []
language sql immutable parallel safe
as $$ select nullif(current_setting('dental.restated_accounts', true), '')::bigint [] $$;

-- Accounts that have, or had once, rows that name rows of each other, both ways, and up to which
-- load of each table they are known.
create table ops.account_link (
    account_id bigint,
    linked_id bigint,
    primary key (account_id, linked_id)
);
create table ops.account_link_input (
    table_name text primary key,
    batch_id bigint not null,
    seen_at timestamptz not null default now()
);

-- Models whose tests have seen all rows, but those of the accounts that were computed since.
create table ops.tested_model (
    model text primary key,
    tested_at timestamptz not null default now()
);
create table ops.untested_account (
    model text,
    account_id bigint,
    primary key (model, account_id)
);
"""


def upgrade() -> None:
    """Add the function that staging models call, links, and what tests have seen."""
    run(STATEMENTS)
