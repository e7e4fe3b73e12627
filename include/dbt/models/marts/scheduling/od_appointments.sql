{{ config(indexes=[{'columns': ['scheduled_at']}, {'columns': ['created_at']}]) }}

with appointments as (

    select * from {{ ref('int_appointments_classified') }}

),

listed as (

    select
        appointment_id,
        scheduled_at,
        created_at,
        patient_id,
        provider_id,
        hygienist_id,
        clinic_id,
        appointment_status_code,
        confirmation_status_id as confirmation_id,
        scheduled_minutes,
        {{ has_flag('appointment_status_code', 'ApptStatus', 'is_note') }} as is_note,
        is_listed_provider,
        is_listed_provider
        and not {{ has_flag('appointment_status_code', 'ApptStatus', 'is_note') }}
            as is_in_default_report,
        {{ quality_reason([
            ('scheduled_at is null', 'no date'),
            ('is_without_provider', 'no such provider'),
        ]) }} as quality_reason
    from appointments
    where
        left_out_reason is null
        and not {{ has_flag('appointment_status_code', 'ApptStatus', 'is_off_schedule') }}

)

select * from listed
