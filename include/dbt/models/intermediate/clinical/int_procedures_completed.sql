with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

completed as (

    select
        procedures.procedure_id,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.appointment_id,
        procedures.procedure_code_id,
        procedure_codes.procedure_code,
        procedures.procedure_on,
        procedures.procedure_fee_amount,
        procedures.fee_amount,
        {{ is_visit('procedure_codes.procedure_code') }} as is_visit,
        coalesce(procedure_codes.procedure_code, '') = {{ missed_visit_code() }} as is_missed_visit,
        coalesce(procedure_codes.procedure_code, '') = {{ cancelled_visit_code() }}
            as is_cancelled_visit,
        -- Without its code nobody knows whether the procedure is billed.
        coalesce(not procedure_codes.is_not_billed_to_insurance, false) as is_billed_to_insurance,
        coalesce(providers.is_listed_provider, false) as is_listed_provider,
        providers.provider_id is not null as has_provider,
        patients.patient_id is not null as has_patient
    from procedures
    left join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    left join patients
        on procedures.patient_id = patients.patient_id
    left join providers
        on procedures.provider_id = providers.provider_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}

)

select * from completed
