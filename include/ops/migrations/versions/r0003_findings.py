"""A check says whether a breach of it closes the table's gate, or is a finding for people."""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0003"
down_revision = "0002"

STATEMENTS = """
alter table ops.validation_result
add column effect text not null default 'blocks'
constraint validation_result_effect_known check (effect in ('blocks', 'finding'));
"""


def upgrade() -> None:
    """Add the effect; what is on record counted in the quality of its table."""
    run(STATEMENTS)
