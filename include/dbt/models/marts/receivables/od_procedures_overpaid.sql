{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot', 'definition']},
    indexes=[
        {'columns': ['procedure_on']},
        {'columns': ['patient_id']},
    ],
) }}

with procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

procedures as (

    select
        procedures.procedure_id,
        procedures.procedure_on,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedure_codes.procedure_code,
        procedures.fee_amount,
        providers.is_listed_provider
    from {{ ref('stg_open_dental__procedures') }} as procedures
    inner join patients
        on procedures.patient_id = patients.patient_id
    inner join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    inner join providers
        on procedures.provider_id = providers.provider_id
    where
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
        and procedures.procedure_fee_amount >= 0

),

-- The report looks for payments on the accounts of those whom it finds procedures of.
payers as (

    select
        patient_id,
        bool_or(is_listed_provider) as is_listed
    from procedures
    group by patient_id

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

counted as (

    select
        claim_procedures.procedure_id,
        claim_procedures.patient_id,
        claim_procedures.insurance_pay_amount as insurance_paid_amount,
        claim_procedures.writeoff_amount,
        0 as patient_paid_amount,
        0 as adjustment_amount,
        true as is_insurance,
        claim_procedures.procedure_on
    from claim_procedures
    where claim_procedures.procedure_id is not null and claim_procedures.is_held_against_fee

    union all

    select
        procedure_id,
        patient_id,
        0 as insurance_paid_amount,
        0 as writeoff_amount,
        split_amount as patient_paid_amount,
        0 as adjustment_amount,
        false as is_insurance,
        null::date as procedure_on
    from splits
    where procedure_id is not null and not is_hidden_unearned

    union all

    select
        procedure_id,
        patient_id,
        0 as insurance_paid_amount,
        0 as writeoff_amount,
        0 as patient_paid_amount,
        adjustment_amount,
        false as is_insurance,
        null::date as procedure_on
    from adjustments
    where procedure_id is not null

),

summed as (

    select
        counted.procedure_id,
        sum(counted.insurance_paid_amount) as insurance_paid_amount,
        sum(counted.writeoff_amount) as writeoff_amount,
        sum(counted.patient_paid_amount) as patient_paid_amount,
        sum(counted.adjustment_amount) as adjustment_amount,
        sum(counted.insurance_paid_amount + counted.writeoff_amount) > 0 as is_insurance_taken,
        min(coalesce(counted.procedure_on, '-infinity')) filter (where counted.is_insurance)
            as first_insurance_on,
        max(coalesce(counted.procedure_on, '-infinity')) filter (where counted.is_insurance)
            as last_insurance_on
    from counted
    inner join procedures
        on counted.procedure_id = procedures.procedure_id
    inner join payers
        on counted.patient_id = payers.patient_id
    where payers.is_listed or not procedures.is_listed_provider
    group by counted.procedure_id

),

valued as (

    select
        procedures.procedure_id,
        procedures.procedure_on,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_code,
        procedures.fee_amount,
        case when summed.is_insurance_taken then summed.insurance_paid_amount else 0 end
            as insurance_paid_amount,
        case when summed.is_insurance_taken then summed.writeoff_amount else 0 end
            as writeoff_amount,
        coalesce(summed.patient_paid_amount, 0) as patient_paid_amount,
        coalesce(summed.adjustment_amount, 0) as adjustment_amount,
        coalesce(
            summed.first_insurance_on <> coalesce(procedures.procedure_on, '-infinity')
            or summed.last_insurance_on <> coalesce(procedures.procedure_on, '-infinity'),
            false
        ) as is_dated_apart,
        procedures.is_listed_provider
    from procedures
    left join summed
        on procedures.procedure_id = summed.procedure_id

),

overpaid as (

    select
        *,
        fee_amount
        - insurance_paid_amount
        - writeoff_amount
        - patient_paid_amount
        + adjustment_amount as overpaid_amount
    from valued

),

final as (

    select
        procedure_id,
        procedure_on,
        patient_id,
        provider_id,
        clinic_id,
        procedure_code,
        fee_amount,
        insurance_paid_amount,
        writeoff_amount,
        patient_paid_amount,
        adjustment_amount,
        overpaid_amount,
        insurance_paid_amount <> 0 or writeoff_amount <> 0 as has_insurance_or_writeoff,
        is_dated_apart,
        is_listed_provider,
        {{ quality_reason([
            ('procedure_on is null', 'no date'),
        ]) }} as quality_reason
    from overpaid
    where overpaid_amount < 0

)

select * from final
