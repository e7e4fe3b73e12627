{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot', 'definition']},
    indexes=[{'columns': ['patient_id']}],
) }}

with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

produced as (

    select * from {{ ref('int_procedures_produced') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_summed') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('stg_open_dental__providers') }}

),

procedure_adjustments as (

    select
        procedure_id,
        sum(adjustment_amount) as adjustment_amount
    from adjustments
    where procedure_id is not null
    group by procedure_id

),

procedure_splits as (

    select
        procedure_id,
        sum(split_amount) as split_amount
    from splits
    where procedure_id is not null and not is_hidden_unearned
    group by procedure_id

),

joined as (

    select
        procedures.procedure_id,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.appointment_id,
        procedures.planned_appointment_id,
        procedures.procedure_code_id,
        procedure_codes.procedure_code,
        procedure_codes.description as procedure_description,
        procedures.procedure_status_code,
        statuses.label as procedure_status,
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
            as is_completed,
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
        and {{ is_visit('procedure_codes.procedure_code') }} as is_visit,
        procedures.procedure_on,
        procedures.treatment_planned_on,
        procedures.completed_on,
        nullif(procedures.tooth_number, '') as tooth_number,
        procedures.fee_amount,
        coalesce(produced.production_amount, 0) as production_amount,
        coalesce(claim_procedures.capitation_writeoff_amount, 0) as capitation_writeoff_amount,
        coalesce(claim_procedures.writeoff_amount, 0) as writeoff_amount,
        coalesce(claim_procedures.insurance_paid_amount, 0) as insurance_paid_amount,
        coalesce(claim_procedures.open_insurance_estimate_amount, 0)
            as open_insurance_estimate_amount,
        coalesce(claim_procedures.open_writeoff_estimate_amount, 0)
            as open_writeoff_estimate_amount,
        coalesce(procedure_adjustments.adjustment_amount, 0) as adjustment_amount,
        coalesce(procedure_splits.split_amount, 0) as patient_paid_amount,
        {{ quality_reason([
            ('procedures.procedure_on is null', 'no date'),
            ('patients.patient_id is null', 'no such patient'),
            ('providers.provider_id is null', 'no such provider'),
            ('procedure_codes.procedure_code_id is null', 'no such code'),
        ]) }} as quality_reason
    from procedures
    left join produced
        on procedures.procedure_id = produced.procedure_id
    left join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    left join claim_procedures
        on procedures.procedure_id = claim_procedures.procedure_id
    left join procedure_adjustments
        on procedures.procedure_id = procedure_adjustments.procedure_id
    left join procedure_splits
        on procedures.procedure_id = procedure_splits.procedure_id
    left join patients
        on procedures.patient_id = patients.patient_id
    left join providers
        on procedures.provider_id = providers.provider_id
    {{ join_code('statuses', 'ProcStat', 'procedures.procedure_status_code') }}

)

select * from joined
