{{ config(indexes=[{'columns': ['scheduled_at']}]) }}

with appointments as (

    select * from {{ ref('int_appointments_classified') }}

),

listed as (

    select
        appointment_id,
        {{ office_today() }} as as_of_on,
        patient_id,
        provider_id,
        hygienist_id,
        clinic_id,
        appointment_status_code,
        scheduled_at,
        unscheduled_status_id,
        scheduled_minutes,
        -- The form opens without a range of dates.
        true as is_in_default_report,
        {{ quality_reason([
            ('scheduled_at is null', 'no date'),
            ('left_out_reason is not null', 'no such patient'),
            ('is_without_provider', 'no such provider'),
        ]) }} as quality_reason
    from appointments
    where
        is_asap
        and {{ has_flag('appointment_status_code', 'ApptStatus', 'is_asap_candidate') }}
        and not (is_planned and is_followed)

)

select * from listed
