with events as (

    select * from {{ ref('stg_open_dental__appointment_events') }}

),

appointments as (

    select * from {{ ref('int_appointments_classified') }}

),

providers as not materialized (

    select * from {{ ref('int_providers_classified') }}

),

classified as (

    select
        appointment_event_id,
        appointment_id,
        patient_id,
        provider_id,
        hygienist_id,
        clinic_id,
        event_at::date as broken_on,
        {{ has_flag('appointment_event_action_code', 'HistAppointmentAction', 'is_broken') }}
            as is_break,
        {{ has_flag('appointment_event_action_code', 'HistAppointmentAction', 'is_changed') }}
            as is_change,
        {{ has_flag('appointment_status_code', 'ApptStatus', 'is_broken') }} as is_broken,
        row_number() over (
            partition by appointment_id
            order by event_at nulls first, appointment_event_id
        ) as event_number,
        count(*) over (partition by appointment_id) as event_count
    from events

),

followed as (

    select
        *,
        lag(is_break or is_broken) over (
            partition by appointment_id
            order by event_number
        ) as was_broken
    from classified

),

-- What turns the status after a break was charted is the same break.
breaks as (

    select *
    from followed
    where is_break or (is_change and is_broken and not coalesce(was_broken, false))

),

left_broken as (

    select appointment_id
    from classified
    where event_number = event_count and (is_break or is_broken) and appointment_id is not null

),

-- Broken now, by an event that was not kept.
untold as (

    select appointments.*
    from appointments
    left join left_broken
        on appointments.appointment_id = left_broken.appointment_id
    where
        {{ has_flag('appointments.appointment_status_code', 'ApptStatus', 'is_broken') }}
        and left_broken.appointment_id is null

),

unioned as (

    select
        'event-' || appointment_event_id as appointment_break_id,
        appointment_id,
        patient_id,
        provider_id,
        hygienist_id,
        clinic_id,
        broken_on
    from breaks

    union all

    select
        'appointment-' || appointment_id as appointment_break_id,
        appointment_id,
        patient_id,
        provider_id,
        hygienist_id,
        clinic_id,
        scheduled_at::date as broken_on
    from untold

),

marked as (

    select
        unioned.*,
        coalesce(dentists.is_listed_provider, false)
        or coalesce(hygienists.is_listed_provider, false) as is_listed_provider
    from unioned
    left join providers as dentists
        on unioned.provider_id = dentists.provider_id
    left join providers as hygienists
        on unioned.hygienist_id = hygienists.provider_id

)

select * from marked
