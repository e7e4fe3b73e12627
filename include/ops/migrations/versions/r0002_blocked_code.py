"""A closed gate says why in a code, which programs read, beside the text, which people read.

Key ranges of a load are numbered as ranges. What is on record is classified once by its text.
"""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0002"
down_revision = "0001"

STATEMENTS = """
alter table ops.table_state add column blocked_code text default 'never_loaded';

update ops.table_state set
    blocked_code = case
        when is_publishable then null
        when state = 'quarantined' then 'quarantined'
        when blocked_reason like 'quarantined: %' then 'quarantined'
        when blocked_reason like 'load failed%' then 'load_failed'
        when blocked_reason like 'a load is under way%' then 'loading'
        when blocked_reason like 'its first load is not complete%' then 'loading'
        when blocked_reason like 'the validation of run % has not ended' then 'validating'
        when blocked_reason like 'raw holds %' then 'unequal'
        when blocked_reason like '% expectations could not run%' then 'not_judged'
        when blocked_reason like 'quality %' then 'quality'
        when blocked_reason like 'left quarantine%' then 'released'
        when blocked_reason like 'rebuilt with other types%' then 'rebuilt'
        when blocked_reason = 'left out by the config' then 'left_out'
        when blocked_reason like 'the source no longer has this table; these are%' then 'dropped'
        when state in ('never_loaded', 'loading') then state
        else 'not_validated'
    end;

update ops.table_state set
    blocked_reason = case
        when is_publishable then null
        when blocked_reason is not null then blocked_reason
        when blocked_code = 'quarantined' then 'quarantined'
        when blocked_code = 'loading' then 'a load is under way or was interrupted'
        when blocked_code = 'never_loaded' then 'never loaded'
        else 'not validated since it was loaded'
    end;

alter table ops.table_state
add constraint table_state_blocked_code_known check (blocked_code in (
    'never_loaded', 'loading', 'load_failed', 'not_validated', 'validating', 'unequal',
    'not_judged', 'quality', 'quarantined', 'released', 'rebuilt', 'left_out', 'dropped'
)),
add constraint table_state_gate check (
    is_publishable = (blocked_code is null) and is_publishable = (blocked_reason is null)
);

alter table ops.load_range rename column part to range_number;
"""


def upgrade() -> None:
    """Add the code and fill it, and rename the number of a range."""
    run(STATEMENTS)
