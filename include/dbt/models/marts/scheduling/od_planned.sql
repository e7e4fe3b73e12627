{{ config(indexes=[{'columns': ['scheduled_at']}]) }}

with appointments as (

    select * from {{ ref('int_appointments_classified') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

listed as (

    select
        appointments.appointment_id,
        {{ office_today() }} as as_of_on,
        appointments.patient_id,
        appointments.provider_id,
        appointments.hygienist_id,
        appointments.clinic_id,
        appointments.appointment_status_code,
        appointments.scheduled_at,
        appointments.unscheduled_status_id,
        appointments.scheduled_minutes,
        {{ is_within_days(
            'appointments.scheduled_at::date',
            'preferences.planned_days_past',
            'preferences.planned_days_future',
        ) }} as is_in_default_report,
        {{ quality_reason([
            ('appointments.scheduled_at is null', 'no date'),
            ('appointments.is_without_provider', 'no such provider'),
        ]) }} as quality_reason
    from appointments
    cross join preferences
    where
        appointments.is_planned
        and not appointments.is_followed
        and {{ has_flag('appointments.patient_status_code', 'PatientStatus', 'is_patient') }}

)

select * from listed
