with appointments as not materialized (

    select * from {{ ref('stg_open_dental__appointments') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as not materialized (

    select * from {{ ref('int_providers_classified') }}

),

-- Planned appointments that an appointment was made of.
followed as (

    select planned_appointment_id
    from appointments
    where planned_appointment_id is not null
    group by planned_appointment_id

),

classified as (

    select
        appointments.appointment_id,
        appointments.patient_id,
        appointments.provider_id,
        appointments.hygienist_id,
        appointments.clinic_id,
        appointments.appointment_status_code,
        appointments.confirmation_status_id,
        appointments.unscheduled_status_id,
        appointments.scheduled_at,
        appointments.row_entered_at as created_at,
        coalesce(appointments.scheduled_minutes, 0) as scheduled_minutes,
        {{ has_flag('appointments.appointment_status_code', 'ApptStatus', 'is_planned') }}
            as is_planned,
        {{ has_flag('appointments.priority_code', 'ApptPriority', 'is_asap') }} as is_asap,
        followed.planned_appointment_id is not null as is_followed,
        coalesce(dentists.is_listed_provider, false)
        or coalesce(hygienists.is_listed_provider, false) as is_listed_provider,
        appointments.provider_id is not null and dentists.provider_id is null
            as is_without_provider,
        patients.patient_status_code,
        case when patients.patient_id is null then 'no such patient' end as left_out_reason
    from appointments
    left join patients
        on appointments.patient_id = patients.patient_id
    left join providers as dentists
        on appointments.provider_id = dentists.provider_id
    left join providers as hygienists
        on appointments.hygienist_id = hygienists.provider_id
    left join followed
        on appointments.appointment_id = followed.planned_appointment_id

)

select * from classified
