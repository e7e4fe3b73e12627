-- A table: a score of models read it, and each would find the snapshots and cast the amounts anew.
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

    select * from {{ ref('stg_open_dental__claim_procedures') }}

),

-- The software inserts one snapshot of a claim procedure at most.
snapshots as (

    select
        claim_procedure_id,
        max(coalesce(writeoff_amount, 0)) as writeoff_amount,
        min(entered_at) as entered_at
    from {{ ref('stg_open_dental__claim_snapshots') }}
    where claim_procedure_id is not null
    group by claim_procedure_id

),

classified as (

    select
        claim_procedures.claim_procedure_id,
        claim_procedures.procedure_id,
        claim_procedures.claim_id,
        claim_procedures.patient_id,
        claim_procedures.provider_id,
        claim_procedures.clinic_id,
        claim_procedures.claim_payment_id,
        claim_procedures.insurance_plan_id,
        claim_procedures.insurance_subscription_id,
        claim_procedures.payment_plan_id,
        claim_procedures.claim_procedure_status_code,
        claim_procedures.claim_procedure_on,
        claim_procedures.procedure_on,
        claim_procedures.supplemental_received_on,
        claim_procedures.fee_billed_amount,
        claim_procedures.insurance_pay_amount,
        claim_procedures.insurance_pay_estimate_amount,
        claim_procedures.writeoff_amount,
        claim_procedures.writeoff_estimate_amount,
        claim_procedures.writeoff_estimate_override_amount,
        claim_procedures.insurance_estimate_total_override_amount,
        claim_procedures.is_not_billed_to_insurance,
        claim_procedures.is_transfer,
        -- An override wins over the estimate, and blank estimates count 0.
        coalesce(
            claim_procedures.writeoff_estimate_override_amount,
            claim_procedures.writeoff_estimate_amount,
            0
        ) as expected_writeoff_amount,
        snapshots.claim_procedure_id is not null as has_snapshot,
        coalesce(snapshots.writeoff_amount, 0) as snapshot_writeoff_amount,
        snapshots.entered_at as snapshot_at,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_not_received') }}
            as is_not_received,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_first_received') }}
            as is_first_received,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_received') }}
            as is_received,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_claimed') }}
            as is_claimed,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_preauthorization') }}
            as is_preauthorization,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_estimate') }}
            as is_estimate,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_capitation_estimate') }}
            as is_capitation_estimate,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_capitation_completed') }}
            as is_capitation_completed,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_insurance_paid') }}
            as is_insurance_paid,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_insurance_estimated') }}
            as is_insurance_estimated,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_in_ledger') }}
            as is_in_ledger,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_settled') }}
            as is_settled,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_claim_paid') }}
            as is_claim_paid,
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_held_against_fee') }}
            as is_held_against_fee
    from claim_procedures
    left join snapshots
        on claim_procedures.claim_procedure_id = snapshots.claim_procedure_id

)

select * from classified
