with schedules as (

    select * from {{ ref('stg_open_dental__schedules') }}

),

schedule_operatories as (

    select * from {{ ref('stg_open_dental__schedule_operatories') }}

),

operatories as not materialized (

    select * from {{ ref('stg_open_dental__operatories') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

-- The clinics of the operatories that a schedule names.
named_clinics as (

    select distinct
        schedule_operatories.schedule_id,
        operatories.clinic_id
    from schedule_operatories
    inner join operatories
        on schedule_operatories.operatory_id = operatories.operatory_id

),

-- The clinics of the operatories whose dentist or hygienist a provider is.
own_clinics as (

    select
        dentist_id as provider_id,
        clinic_id
    from operatories
    union distinct
    select
        hygienist_id as provider_id,
        clinic_id
    from operatories

),

open_times as (

    select
        schedules.schedule_on,
        schedules.provider_id,
        case
            when not preferences.has_clinics then null
            when named_clinics.schedule_id is not null then named_clinics.clinic_id
            else own_clinics.clinic_id
        end as clinic_id,
        schedules.start_time,
        schedules.stop_time
    from schedules
    cross join preferences
    left join named_clinics
        on schedules.schedule_id = named_clinics.schedule_id
    left join own_clinics
        on schedules.provider_id = own_clinics.provider_id and named_clinics.schedule_id is null
    where
        {{ has_flag('schedules.schedule_type_code', 'ScheduleType', 'is_provider') }}
        and {{ has_flag('schedules.schedule_status_code', 'SchedStatus', 'is_open') }}
        and schedules.stop_time - schedules.start_time > interval '0 minutes'

),

-- What an interval adds to those that begin before it; together they are the exact union.
ordered as (

    select
        *,
        max(stop_time) over (
            partition by schedule_on, provider_id, clinic_id
            order by start_time, stop_time
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from open_times

),

merged as (

    select
        schedule_on,
        provider_id,
        clinic_id,
        trim_scale(
            sum(
                extract(
                    epoch from
                    greatest(stop_time, covered_until) - greatest(start_time, covered_until)
                )
            ) / 60
        ) as open_minutes
    from ordered
    group by schedule_on, provider_id, clinic_id

)

select * from merged
