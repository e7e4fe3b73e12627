{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot', 'definition']},
    indexes=[
        {'columns': ['business_on', 'provider_id']},
        {'columns': ['patient_id']},
    ],
) }}

with procedures as (

    select * from {{ ref('int_procedures_produced') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

snapshots as (

    select
        claim_procedure_id,
        procedure_id,
        snapshot_writeoff_amount
    from {{ ref('int_claim_procedures_classified') }}
    where has_snapshot and procedure_id is not null

),

adjustments as (

    select * from {{ ref('int_adjustments_classified') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

-- Oddity: once for each snapshot, where both insurances have one.
procedures_completed as (

    select
        'procedure_completed' as transaction_kind,
        procedures.completed_on as business_on,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.patient_id,
        procedures.procedure_id,
        snapshots.claim_procedure_id,
        null::bigint as adjustment_id,
        procedures.fee_amount as gross_amount,
        coalesce(snapshots.snapshot_writeoff_amount, 0) as original_writeoff_estimate_amount,
        0::numeric as estimate_less_actual_amount,
        0::numeric as adjustment_amount
    from procedures
    left join snapshots
        on procedures.procedure_id = snapshots.procedure_id

),

production_adjustments as (

    select
        'production_adjustment' as transaction_kind,
        entered_on as business_on,
        provider_id,
        clinic_id,
        patient_id,
        procedure_id,
        null::bigint as claim_procedure_id,
        adjustment_id,
        0::numeric as gross_amount,
        0::numeric as original_writeoff_estimate_amount,
        0::numeric as estimate_less_actual_amount,
        adjustment_amount
    from adjustments
    where not is_bad_debt

),

claims_received as (

    select
        'claim_received' as transaction_kind,
        supplemental_received_on as business_on,
        provider_id,
        clinic_id,
        patient_id,
        procedure_id,
        claim_procedure_id,
        null::bigint as adjustment_id,
        0::numeric as gross_amount,
        0::numeric as original_writeoff_estimate_amount,
        snapshot_writeoff_amount - writeoff_amount as estimate_less_actual_amount,
        0::numeric as adjustment_amount
    from claim_procedures

),

transactions as (

    select * from procedures_completed
    union all
    select * from production_adjustments
    union all
    select * from claims_received

),

detailed as (

    select
        {{ text_key([
            'transactions.transaction_kind',
            'transactions.procedure_id',
            'transactions.claim_procedure_id',
            'transactions.adjustment_id',
        ]) }} as net_production_detail_id,
        transactions.transaction_kind,
        transactions.business_on,
        transactions.provider_id,
        transactions.clinic_id,
        transactions.patient_id,
        transactions.procedure_id,
        transactions.claim_procedure_id,
        transactions.adjustment_id,
        transactions.gross_amount,
        transactions.original_writeoff_estimate_amount,
        transactions.estimate_less_actual_amount,
        transactions.adjustment_amount,
        transactions.gross_amount
        - transactions.original_writeoff_estimate_amount
        + transactions.estimate_less_actual_amount
        + transactions.adjustment_amount as net_production_amount,
        {{ quality_reason([
            ('transactions.business_on is null', 'no date'),
            (
                'transactions.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('patients.patient_id is null', 'no such patient'),
        ]) }} as quality_reason
    from transactions
    left join providers
        on transactions.provider_id = providers.provider_id
    left join patients
        on transactions.patient_id = patients.patient_id
    where
        transactions.gross_amount <> 0
        or transactions.original_writeoff_estimate_amount <> 0
        or transactions.estimate_less_actual_amount <> 0
        or transactions.adjustment_amount <> 0

)

select * from detailed
