"""Bytes of a text that are no character are counted as a substitution, like any other."""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0004"
down_revision = "0003"

STATEMENTS = """
alter table ops.substitution drop constraint substitution_rule_check;

alter table ops.substitution
add constraint substitution_rule_check check (
    rule in ('zero_date', 'impossible_date', 'nul_character', 'invalid_text')
);
"""


def upgrade() -> None:
    """Allow the rule."""
    run(STATEMENTS)
