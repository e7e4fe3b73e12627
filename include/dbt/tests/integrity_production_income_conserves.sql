-- What a component's source rows add up to is what the daily and the monthly report each know of
-- it, shown or left out for a reason; and the marts print what is shown, in every mode.
with entries as (

    select * from {{ ref('int_production_income_summed') }}

),

scopes as (

    select *
    from (values ('daily'), ('monthly')) as scopes (report_scope)

),

known as (

    select
        scopes.report_scope,
        case
            when entries.component in ('income', 'unearned', 'hidden_unearned') then 'splits'
            else entries.component
        end as component,
        entries.writeoff_mode_code,
        sum(entries.amount) as amount
    from entries
    inner join scopes
        on entries.report_scope in ('all', scopes.report_scope)
    group by
        scopes.report_scope,
        case
            when entries.component in ('income', 'unearned', 'hidden_unearned') then 'splits'
            else entries.component
        end,
        entries.writeoff_mode_code

),

claimed as (

    select
        sum(writeoff_amount) filter (where is_received) as received_amount,
        sum(writeoff_amount) filter (where is_claimed) as claimed_amount,
        sum(snapshot_writeoff_amount) filter (where is_received) as received_estimate_amount,
        sum(snapshot_writeoff_amount) filter (where is_claimed) as claimed_estimate_amount,
        sum(insurance_pay_amount) as insurance_pay_amount
    from {{ ref('int_claim_procedures_classified') }}

),

source_sums as (

    select
        'production' as component,
        null::integer as writeoff_mode_code,
        (
            select coalesce(sum(completed.fee_amount), 0)
            from {{ ref('stg_open_dental__procedures') }} as completed
            where {{ has_flag('completed.procedure_status_code', 'ProcStat', 'is_completed') }}
        ) - (
            select coalesce(sum(capitation.writeoff_amount), 0)
            from {{ ref('stg_open_dental__claim_procedures') }} as capitation
            inner join {{ ref('stg_open_dental__procedures') }} as completed
                on capitation.procedure_id = completed.procedure_id
            where
                {{ has_flag(
                    'capitation.claim_procedure_status_code',
                    'ClaimProcStatus',
                    'is_capitation_completed',
                ) }}
                and {{ has_flag('completed.procedure_status_code', 'ProcStat', 'is_completed') }}
        ) as amount

    union all

    select
        'adjustment' as component,
        null as writeoff_mode_code,
        sum(adjustment_amount) as amount
    from {{ ref('stg_open_dental__adjustments') }}

    union all

    select
        'splits' as component,
        null as writeoff_mode_code,
        sum(split_amount) as amount
    from {{ ref('stg_open_dental__payment_splits') }}

    union all

    select
        sums.component,
        sums.writeoff_mode_code,
        sums.amount
    from claimed
    cross join lateral (
        values
        ('writeoff', 0, -claimed.received_amount),
        ('writeoff', 1, -claimed.claimed_amount),
        ('writeoff_estimate', 2, -claimed.claimed_estimate_amount),
        ('writeoff_adjustment', 2, claimed.received_estimate_amount - claimed.received_amount),
        ('insurance_income', null, claimed.insurance_pay_amount)
    ) as sums (component, writeoff_mode_code, amount)

),

lost as (

    select source_sums.component
    from source_sums
    cross join scopes
    left join known
        on
            scopes.report_scope = known.report_scope
            and source_sums.component = known.component
            and source_sums.writeoff_mode_code is not distinct from known.writeoff_mode_code
    where coalesce(source_sums.amount, 0) <> coalesce(known.amount, 0)

),

shown as (

    select
        modes.writeoff_mode_code,
        coalesce(sum(entries.amount) filter (where entries.is_in_daily), 0) as daily_amount,
        coalesce(sum(entries.amount) filter (where entries.is_in_monthly), 0) as monthly_amount,
        coalesce(
            sum(entries.amount) filter (
                where entries.is_in_monthly and entries.component not like 'scheduled%'
            ), 0
        ) as annual_amount
    from {{ ref('int_writeoff_modes_listed') }} as modes
    left join entries
        on coalesce(entries.writeoff_mode_code, modes.writeoff_mode_code) = modes.writeoff_mode_code
    group by modes.writeoff_mode_code

),

printed as (

    select
        report_name,
        writeoff_mode_code,
        sum(total_production_amount + total_income_amount) as amount
    from {{ ref('od_production_income') }}
    group by report_name, writeoff_mode_code

),

misprinted as (

    select expected.report_name as component
    from shown
    cross join
        lateral (
            values
            ('daily', shown.daily_amount),
            ('monthly', shown.monthly_amount),
            ('annual', shown.annual_amount)
        ) as expected (report_name, amount)
    left join printed
        on
            expected.report_name = printed.report_name
            and shown.writeoff_mode_code = printed.writeoff_mode_code
    where expected.amount <> coalesce(printed.amount, 0)

)

select * from lost
union all
select * from misprinted
