"""Aging keeps a snapshot a day, in a schema of its own; the aging of before becomes the first one.

The tables of snapshots are dbt's. Here only the one is made that takes over the rows of
`marts.od_aging`, which the next build replaces by a view.
"""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0007"
down_revision = "0006"

STATEMENTS = """
do $$
begin
    if to_regnamespace('snapshots') is null then
        create schema snapshots;
    end if;
end
$$;

-- The past days of which somebody wants snapshots.
create table ops.snapshot_day (
    as_of_on date primary key,
    run_id bigint references ops.run,
    requested_at timestamptz not null default now()
);

-- The days that each mart keeps, those without a row included. A live one was computed on its day.
create table ops.snapshot (
    mart text not null,
    as_of_on date not null,
    is_recomputed boolean not null,
    computed_at timestamptz not null default now(),
    primary key (mart, as_of_on)
);

do $$
begin
    if (
        select count(*) from information_schema.columns
        where table_schema = 'marts' and table_name = 'od_aging'
            and column_name in (
                'guarantor_id', 'as_of_on', 'is_historic', 'balance_0_30_amount',
                'balance_31_60_amount', 'balance_61_90_amount', 'balance_over_90_amount',
                'balance_total_amount', 'insurance_pay_estimate_amount',
                'insurance_writeoff_estimate_amount', 'patient_portion_amount',
                'payment_plan_due_amount', 'unapplied_credit_amount', 'future_amount',
                'quality_reason'
            )
    ) < 15 then
        return;
    end if;
    create table snapshots.od_aging as
    select
        as_of_on || '-' || guarantor_id as aging_id,
        as_of_on,
        guarantor_id,
        is_historic,
        is_historic as is_recomputed,
        balance_0_30_amount,
        balance_31_60_amount,
        balance_61_90_amount,
        balance_over_90_amount,
        balance_total_amount,
        insurance_pay_estimate_amount,
        insurance_writeoff_estimate_amount,
        patient_portion_amount,
        payment_plan_due_amount,
        unapplied_credit_amount,
        future_amount,
        0::numeric as undated_amount,
        null::date as last_payment_on,
        null::bigint as billing_type_id,
        null::bigint as primary_provider_id,
        null::bigint as clinic_id,
        greatest(
            balance_0_30_amount, balance_31_60_amount, balance_61_90_amount, balance_over_90_amount
        ) >= 0.005 as is_in_default_report,
        concat_ws(', ', quality_reason, 'computed by an earlier release') as quality_reason
    from marts.od_aging
    where
        balance_0_30_amount <> 0 or balance_31_60_amount <> 0 or balance_61_90_amount <> 0
        or balance_over_90_amount <> 0 or balance_total_amount <> 0
        or insurance_pay_estimate_amount <> 0 or insurance_writeoff_estimate_amount <> 0
        or payment_plan_due_amount <> 0 or unapplied_credit_amount <> 0 or future_amount <> 0;
    create index on snapshots.od_aging (as_of_on, guarantor_id);
    insert into ops.snapshot (mart, as_of_on, is_recomputed, computed_at)
    select
        'od_aging', aging.as_of_on, aging.is_historic,
        coalesce(
            (select state.built_at from ops.mart_state as state where state.mart = 'od_aging'),
            now()
        )
    from (select distinct as_of_on, is_historic from marts.od_aging) as aging;
end
$$;
"""


def upgrade() -> None:
    """Create both tables, and the first snapshot where there is an aging already."""
    run(STATEMENTS)
