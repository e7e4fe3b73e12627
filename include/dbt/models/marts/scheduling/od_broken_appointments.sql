{{ config(
    indexes=[{'columns': ['broken_on']}],
    meta={'settings': ['BrokenApptProcedure']}
) }}

with procedures as (

    select * from {{ ref('int_procedures_completed') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

appointments as (

    select * from {{ ref('int_appointments_classified') }}

),

events as (

    select * from {{ ref('int_appointment_breaks_unioned') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

-- What the form opens with, as the practice records a broken appointment.
bases as (

    select
        case
            when {{ has_flag('broken_procedure_code', 'BrokenApptProcedure', 'is_charted') }}
                then 'procedure'
            when is_broken_appointment_adjusted then 'adjustment'
            else 'status'
        end as default_basis,
        broken_adjustment_type_id,
        {{ has_flag('broken_procedure_code', 'BrokenApptProcedure', 'is_missed_listed') }}
            as is_missed_listed,
        {{ has_flag('broken_procedure_code', 'BrokenApptProcedure', 'is_cancelled_listed') }}
            as is_cancelled_listed
    from preferences

),

unioned as (

    select
        'procedure' as basis,
        'procedure-' || procedures.procedure_id as broken_appointment_id,
        procedures.procedure_on as broken_on,
        procedures.patient_id,
        procedures.provider_id,
        null::bigint as hygienist_id,
        procedures.clinic_id,
        procedures.appointment_id,
        procedures.procedure_id,
        null::bigint as adjustment_id,
        procedures.procedure_code,
        procedures.procedure_fee_amount as fee_amount,
        null::numeric as adjustment_amount,
        procedures.is_listed_provider
    from procedures
    cross join bases
    where
        procedures.has_patient
        and procedures.has_provider
        and (
            (procedures.is_missed_visit and bases.is_missed_listed)
            or (procedures.is_cancelled_visit and bases.is_cancelled_listed)
        )

    union all

    select
        'adjustment' as basis,
        'adjustment-' || adjustments.adjustment_id as broken_appointment_id,
        adjustments.adjustment_on as broken_on,
        adjustments.patient_id,
        adjustments.provider_id,
        null as hygienist_id,
        adjustments.clinic_id,
        null as appointment_id,
        adjustments.procedure_id,
        adjustments.adjustment_id,
        null as procedure_code,
        null as fee_amount,
        adjustments.adjustment_amount,
        providers.is_listed_provider
    from adjustments
    inner join bases
        on adjustments.adjustment_type_id = bases.broken_adjustment_type_id
    inner join patients
        on adjustments.patient_id = patients.patient_id
    inner join providers
        on adjustments.provider_id = providers.provider_id

    union all

    select
        'status' as basis,
        'status-' || appointment_id as broken_appointment_id,
        scheduled_at::date as broken_on,
        patient_id,
        provider_id,
        hygienist_id,
        clinic_id,
        appointment_id,
        null as procedure_id,
        null as adjustment_id,
        null as procedure_code,
        null as fee_amount,
        null as adjustment_amount,
        is_listed_provider
    from appointments
    where
        left_out_reason is null
        and {{ has_flag('appointment_status_code', 'ApptStatus', 'is_broken') }}

    union all

    select
        'history' as basis,
        'history-' || appointment_break_id as broken_appointment_id,
        broken_on,
        patient_id,
        provider_id,
        hygienist_id,
        clinic_id,
        appointment_id,
        null as procedure_id,
        null as adjustment_id,
        null as procedure_code,
        null as fee_amount,
        null as adjustment_amount,
        is_listed_provider
    from events

),

marked as (

    select
        unioned.broken_appointment_id,
        unioned.basis,
        unioned.basis = bases.default_basis as is_default_basis,
        unioned.broken_on,
        unioned.patient_id,
        unioned.provider_id,
        unioned.hygienist_id,
        unioned.clinic_id,
        unioned.appointment_id,
        unioned.procedure_id,
        unioned.adjustment_id,
        unioned.procedure_code,
        unioned.fee_amount,
        unioned.adjustment_amount,
        unioned.is_listed_provider,
        {{ quality_reason([('unioned.broken_on is null', 'no date')]) }} as quality_reason
    from unioned
    cross join bases

)

select * from marked
