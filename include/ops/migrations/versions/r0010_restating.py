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
"""


def upgrade() -> None:
    """Add the function, which the staging models call."""
    run(STATEMENTS)
