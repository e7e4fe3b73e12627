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

with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

splits as not materialized (

    select * from {{ ref('int_payment_splits_classified') }}

),

insurance as (

    select
        procedure_id,
        coalesce(sum(writeoff_amount) filter (where is_capitation_completed), 0)
            as capitation_writeoff_amount,
        sum(
            case
                when is_received then insurance_pay_amount + writeoff_amount
                when is_not_received then insurance_pay_estimate_amount + writeoff_amount
                else 0
            end
        ) as insurance_amount
    from claim_procedures
    where procedure_id is not null and (is_claimed or is_capitation_completed)
    group by procedure_id

),

splits_of_procedures as (

    select
        procedure_id,
        sum(split_amount) as split_amount
    from splits
    where procedure_id is not null and not is_hidden_unearned
    group by procedure_id

),

splits_of_adjustments as (

    select
        adjustment_id,
        sum(split_amount) as split_amount,
        count(*) as split_count
    from splits
    where adjustment_id is not null and not is_hidden_unearned
    group by adjustment_id

),

-- The report counts an adjustment once for each of its splits.
adjustments_of_days as (

    select
        adjustments.procedure_id,
        adjustments.procedure_on,
        sum(
            adjustments.adjustment_amount * coalesce(splits_of_adjustments.split_count, 1)
            - coalesce(splits_of_adjustments.split_amount, 0)
        ) as adjustment_amount
    from adjustments
    left join splits_of_adjustments
        on adjustments.adjustment_id = splits_of_adjustments.adjustment_id
    where adjustments.procedure_id is not null
    group by adjustments.procedure_id, adjustments.procedure_on

),

portions as (

    select
        procedures.procedure_id,
        procedures.procedure_on,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedure_codes.procedure_code,
        procedures.fee_amount - coalesce(insurance.capitation_writeoff_amount, 0) as fee_amount,
        procedures.fee_amount
        - coalesce(insurance.capitation_writeoff_amount, 0)
        - coalesce(insurance.insurance_amount, 0) as patient_portion_amount,
        coalesce(adjustments_of_days.adjustment_amount, 0) as adjustment_amount,
        coalesce(splits_of_procedures.split_amount, 0) as payment_amount
    from procedures
    inner join patients
        on procedures.patient_id = patients.patient_id
    inner join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    left join insurance
        on procedures.procedure_id = insurance.procedure_id
    left join adjustments_of_days
        on
            procedures.procedure_id = adjustments_of_days.procedure_id
            and procedures.procedure_on is not distinct from adjustments_of_days.procedure_on
    left join splits_of_procedures
        on procedures.procedure_id = splits_of_procedures.procedure_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}

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
        patient_portion_amount,
        adjustment_amount,
        payment_amount,
        patient_portion_amount + adjustment_amount - payment_amount as uncollected_amount,
        {{ quality_reason([
            ('procedure_on is null', 'no date'),
        ]) }} as quality_reason
    from portions
    where patient_portion_amount + adjustment_amount - payment_amount > 0.005

)

select * from final
