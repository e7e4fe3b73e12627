{{ config(indexes=[{'columns': ['business_on']}]) }}

with schedules as (

    select * from {{ ref('int_schedules_merged') }}

),

production as (

    select * from {{ ref('od_production_income') }}

),

modes as (

    select * from {{ ref('int_writeoff_modes_listed') }}

),

providers as not materialized (

    select * from {{ ref('int_providers_classified') }}

),

goals as (

    select
        modes.writeoff_mode_code,
        modes.is_default_writeoff_mode,
        schedules.schedule_on as business_on,
        schedules.provider_id,
        schedules.clinic_id,
        schedules.open_minutes,
        providers.hourly_production_goal_amount * schedules.open_minutes / 60 as goal_amount,
        0 as production_amount,
        0 as scheduled_production_amount,
        0 as adjustment_amount,
        0 as writeoff_amount,
        0 as writeoff_estimate_amount,
        0 as writeoff_adjustment_amount,
        0 as total_production_amount
    from schedules
    inner join providers
        on schedules.provider_id = providers.provider_id
    cross join modes

),

produced as (

    select
        writeoff_mode_code,
        is_default_writeoff_mode,
        business_on,
        provider_id,
        clinic_id,
        0 as open_minutes,
        0 as goal_amount,
        production_amount,
        scheduled_production_amount,
        adjustment_amount,
        writeoff_amount,
        writeoff_estimate_amount,
        writeoff_adjustment_amount,
        total_production_amount
    from production
    where
        report_name = 'monthly'
        and (
            production_amount <> 0
            or scheduled_production_amount <> 0
            or adjustment_amount <> 0
            or writeoff_amount <> 0
            or writeoff_estimate_amount <> 0
            or writeoff_adjustment_amount <> 0
        )

),

entries as (

    select * from goals
    union all
    select * from produced

),

summed as (

    select
        writeoff_mode_code,
        is_default_writeoff_mode,
        business_on,
        provider_id,
        clinic_id,
        sum(open_minutes) as open_minutes,
        sum(goal_amount) as goal_amount,
        sum(production_amount) as production_amount,
        sum(scheduled_production_amount) as scheduled_production_amount,
        sum(adjustment_amount) as adjustment_amount,
        sum(writeoff_amount) as writeoff_amount,
        sum(writeoff_estimate_amount) as writeoff_estimate_amount,
        sum(writeoff_adjustment_amount) as writeoff_adjustment_amount,
        sum(total_production_amount) as total_production_amount
    from entries
    group by
        business_on, provider_id, clinic_id, writeoff_mode_code, is_default_writeoff_mode

),

compared as (

    select
        {{ text_key([
            'summed.writeoff_mode_code',
            'summed.business_on',
            'summed.provider_id',
            'summed.clinic_id',
        ]) }} as production_goal_id,
        summed.writeoff_mode_code,
        summed.business_on,
        summed.provider_id,
        summed.clinic_id,
        summed.is_default_writeoff_mode,
        summed.open_minutes,
        summed.goal_amount,
        summed.production_amount,
        summed.scheduled_production_amount,
        summed.adjustment_amount,
        summed.writeoff_amount,
        summed.writeoff_estimate_amount,
        summed.writeoff_adjustment_amount,
        summed.total_production_amount,
        {{ quality_reason([
            ('summed.business_on is null', 'no date'),
            (
                'summed.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
        ]) }} as quality_reason
    from summed
    left join providers
        on summed.provider_id = providers.provider_id

)

select * from compared
