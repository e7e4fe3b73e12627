{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimpayment', 'claimsnapshot', 'definition']},
    indexes=[
        {'columns': ['business_on', 'provider_id']},
        {'columns': ['patient_id']},
    ],
) }}

with procedures as (

    select * from {{ ref('int_procedures_produced') }}

),

every_procedure as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

claim_payments as (

    select * from {{ ref('stg_open_dental__claim_payments') }}

),

adjustments as (

    select * from {{ ref('int_adjustments_classified') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

produced as (

    select
        'production' as component,
        completed_on as business_on,
        provider_id,
        clinic_id,
        patient_id,
        -- Oddity: once for each capitation claim procedure, where there are several.
        fee_amount * greatest(capitation_count, 1) as amount
    from procedures

),

adjusted as (

    select
        'adjustment' as component,
        entered_on as business_on,
        provider_id,
        clinic_id,
        patient_id,
        adjustment_amount as amount
    from adjustments
    where not is_bad_debt

),

patient_paid as (

    select
        case
            when procedure_id is null then 'unallocated_patient_income'
            else 'allocated_patient_income'
        end as component,
        entered_on as business_on,
        provider_id,
        clinic_id,
        patient_id,
        split_amount as amount
    from splits
    where not is_discount and not is_hidden_unearned

),

-- A claim procedure moves the estimate of its procedure, and what became of it as its own.
insurance_answered as (

    select
        amounts.component,
        amounts.business_on,
        amounts.provider_id,
        amounts.clinic_id,
        amounts.patient_id,
        amounts.amount
    from claim_procedures
    left join claim_payments
        on claim_procedures.claim_payment_id = claim_payments.claim_payment_id
    left join every_procedure
        on
            claim_procedures.procedure_id = every_procedure.procedure_id
            and claim_procedures.has_snapshot
    cross join lateral (
        values
        (
            'writeoff_estimate',
            every_procedure.completed_on,
            every_procedure.provider_id,
            every_procedure.clinic_id,
            every_procedure.patient_id,
            case
                when every_procedure.procedure_id is not null
                    then -claim_procedures.snapshot_writeoff_amount
            end
        ),
        (
            'writeoff_difference',
            claim_procedures.supplemental_received_on,
            claim_procedures.provider_id,
            claim_procedures.clinic_id,
            claim_procedures.patient_id,
            claim_procedures.snapshot_writeoff_amount - claim_procedures.writeoff_amount
        ),
        (
            case
                when claim_procedures.claim_payment_id is null then 'insurance_not_finalized'
                else 'insurance_income'
            end,
            claim_procedures.supplemental_received_on,
            claim_procedures.provider_id,
            claim_procedures.clinic_id,
            claim_procedures.patient_id,
            case
                when
                    claim_procedures.claim_payment_id is null
                    or (
                        claim_payments.claim_payment_id is not null
                        and claim_procedures.is_received
                    )
                    then claim_procedures.insurance_pay_amount
            end
        )
    ) as amounts (component, business_on, provider_id, clinic_id, patient_id, amount)

),

entries as (

    select * from produced
    union all
    select * from adjusted
    union all
    select * from patient_paid
    union all
    select * from insurance_answered

),

summed as (

    select
        business_on,
        provider_id,
        clinic_id,
        patient_id,
        coalesce(sum(amount) filter (where component = 'production'), 0) as production_amount,
        coalesce(sum(amount) filter (where component = 'writeoff_estimate'), 0)
            as writeoff_estimate_amount,
        coalesce(sum(amount) filter (where component = 'adjustment'), 0) as adjustment_amount,
        coalesce(sum(amount) filter (where component = 'writeoff_difference'), 0)
            as writeoff_difference_amount,
        coalesce(sum(amount) filter (where component = 'allocated_patient_income'), 0)
            as allocated_patient_income_amount,
        coalesce(sum(amount) filter (where component = 'unallocated_patient_income'), 0)
            as unallocated_patient_income_amount,
        coalesce(sum(amount) filter (where component = 'insurance_income'), 0)
            as insurance_income_amount,
        coalesce(sum(amount) filter (where component = 'insurance_not_finalized'), 0)
            as insurance_not_finalized_amount
    from entries
    where amount <> 0
    group by business_on, provider_id, clinic_id, patient_id

),

totalled as (

    select
        {{ text_key([
            'summed.business_on',
            'summed.provider_id',
            'summed.clinic_id',
            'summed.patient_id',
        ]) }} as provider_payroll_id,
        summed.business_on,
        summed.provider_id,
        summed.clinic_id,
        summed.patient_id,
        summed.production_amount,
        summed.writeoff_estimate_amount,
        summed.adjustment_amount,
        summed.writeoff_difference_amount,
        summed.production_amount
        + summed.writeoff_estimate_amount
        + summed.adjustment_amount
        + summed.writeoff_difference_amount as net_production_amount,
        summed.allocated_patient_income_amount,
        summed.unallocated_patient_income_amount,
        summed.insurance_income_amount,
        summed.insurance_not_finalized_amount,
        summed.allocated_patient_income_amount
        + summed.insurance_income_amount as net_income_amount,
        {{ quality_reason([
            ('summed.business_on is null', 'no date'),
            (
                'summed.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('patients.patient_id is null', 'no such patient'),
        ]) }} as quality_reason
    from summed
    left join providers
        on summed.provider_id = providers.provider_id
    left join patients
        on summed.patient_id = patients.patient_id

),

-- What was entered and taken back on one day prints nothing.
printed as (

    select *
    from totalled
    where
        production_amount <> 0
        or writeoff_estimate_amount <> 0
        or adjustment_amount <> 0
        or writeoff_difference_amount <> 0
        or allocated_patient_income_amount <> 0
        or unallocated_patient_income_amount <> 0
        or insurance_income_amount <> 0
        or insurance_not_finalized_amount <> 0

)

select * from printed
