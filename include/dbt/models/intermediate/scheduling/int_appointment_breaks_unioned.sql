with events as (

    select * from {{ ref('stg_open_dental__appointment_events') }}

),

appointments as (

    select * from {{ ref('int_appointments_classified') }}

),

providers as (

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
        lag({{ has_flag('appointment_status_code', 'ApptStatus', 'is_broken') }}) over (
            partition by appointment_id
            order by event_at nulls first, appointment_event_id
        ) as was_broken
    from events

),

breaks as (

    select *
    from classified
    where is_break or (is_change and is_broken and not coalesce(was_broken, false))

),

broken_before as (

    select appointment_id
    from breaks
    where appointment_id is not null
    group by appointment_id

),

-- Broken now, by an event that was not kept.
untold as (

    select appointments.*
    from appointments
    left join broken_before
        on appointments.appointment_id = broken_before.appointment_id
    where
        {{ has_flag('appointments.appointment_status_code', 'ApptStatus', 'is_broken') }}
        and broken_before.appointment_id is null

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
