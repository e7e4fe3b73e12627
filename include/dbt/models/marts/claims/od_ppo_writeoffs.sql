{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot', 'insplan']},
    indexes=[
        {'columns': ['business_on', 'writeoff_mode_code']},
        {'columns': ['patient_id']},
    ],
) }}

with writeoffs as (

    select * from {{ ref('int_writeoffs_unioned') }}

),

modes as (

    select * from {{ ref('int_writeoff_modes_listed') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

carriers as (

    select * from {{ ref('stg_open_dental__carriers') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

-- In mode 2 an estimate and what became of it stand in one row, by the date of the estimate.
valued as (

    select
        writeoffs.writeoff_mode_code,
        writeoffs.claim_procedure_id,
        writeoffs.business_on,
        writeoffs.claim_id,
        writeoffs.patient_id,
        writeoffs.provider_id,
        carriers.carrier_id,
        writeoffs.fee_billed_amount,
        writeoffs.writeoff_amount,
        case
            when writeoffs.writeoff_kind = 'estimate' and not writeoffs.is_not_received
                then writeoffs.writeoff_amount - writeoffs.actual_writeoff_amount
            else 0
        end as writeoff_adjustment_amount
    from writeoffs
    inner join insurance_plans
        on writeoffs.insurance_plan_id = insurance_plans.insurance_plan_id
    inner join carriers
        on insurance_plans.carrier_id = carriers.carrier_id
    where
        writeoffs.writeoff_kind <> 'adjustment'
        and {{ has_flag('insurance_plans.plan_type_code', 'InsPlanType', 'is_ppo') }}

),

billed as (

    select
        {{ text_key(['valued.writeoff_mode_code', 'valued.claim_procedure_id']) }}
            as ppo_writeoff_id,
        valued.writeoff_mode_code,
        valued.claim_procedure_id,
        modes.is_default_writeoff_mode,
        valued.business_on,
        valued.claim_id,
        valued.patient_id,
        valued.provider_id,
        valued.carrier_id,
        valued.fee_billed_amount as billed_amount,
        -valued.writeoff_amount as writeoff_amount,
        valued.writeoff_adjustment_amount,
        valued.fee_billed_amount
        - valued.writeoff_amount
        + valued.writeoff_adjustment_amount as ppo_fee_amount,
        patients.patient_id is not null and providers.provider_id is not null
            as is_in_individual_report,
        {{ quality_reason([
            ('valued.business_on is null', 'no date'),
            (
                'valued.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('patients.patient_id is null', 'no such patient'),
        ]) }} as quality_reason
    from valued
    inner join modes
        on valued.writeoff_mode_code = modes.writeoff_mode_code
    left join providers
        on valued.provider_id = providers.provider_id
    left join patients
        on valued.patient_id = patients.patient_id

)

select * from billed
