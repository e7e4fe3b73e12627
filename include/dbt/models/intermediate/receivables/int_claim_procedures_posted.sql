{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot']},
    indexes=[
        {'columns': ['patient_id']},
    ],
) }}

with claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

families as (

    select * from {{ ref('int_families_assigned') }}

),

posted as (

    select
        claim_procedures.claim_procedure_id,
        claim_procedures.patient_id,
        families.guarantor_id,
        claim_procedures.provider_id,
        claim_procedures.clinic_id,
        claim_procedures.claim_procedure_on as posted_on,
        claim_procedures.procedure_on as service_on,
        claim_procedures.is_not_received,
        claim_procedures.is_first_received,
        -- Insurance money that pays a payment plan is no payment of the account.
        case
            when claim_procedures.is_not_received or claim_procedures.payment_plan_id is not null
                then 0
            else claim_procedures.insurance_pay_amount
        end as insurance_payment_amount,
        case
            when claim_procedures.is_not_received then 0 else claim_procedures.writeoff_amount
        end as writeoff_amount,
        -- With write-offs aged, what was expected counts by the day of service ...
        case
            when claim_procedures.has_snapshot then claim_procedures.snapshot_writeoff_amount
            when claim_procedures.is_not_received then 0
            else claim_procedures.writeoff_amount
        end as original_writeoff_amount,
        -- ... and what came out otherwise when insurance answered.
        case
            when claim_procedures.has_snapshot and not claim_procedures.is_not_received
                then claim_procedures.writeoff_amount - claim_procedures.snapshot_writeoff_amount
            else 0
        end as writeoff_change_amount,
        claim_procedures.insurance_pay_estimate_amount,
        claim_procedures.writeoff_amount as writeoff_estimate_amount,
        claim_procedures.writeoff_amount - claim_procedures.snapshot_writeoff_amount
            as writeoff_change_estimate_amount
    from claim_procedures
    left join procedures
        on claim_procedures.procedure_id = procedures.procedure_id
    left join families
        on claim_procedures.patient_id = families.patient_id
    where
        claim_procedures.is_in_ledger
        and (
            claim_procedures.procedure_id is null
            or {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
        )

)

select * from posted
