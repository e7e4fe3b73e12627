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

providers as (

    select * from {{ ref('int_providers_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

-- Only here is a write-off of -1 a blank one, and a change the more, the more was written off.
valued as (

    select
        writeoff_mode_code,
        writeoff_kind,
        claim_procedure_id,
        business_on,
        patient_id,
        provider_id,
        clinic_id,
        insurance_plan_id,
        snapshot_at,
        case writeoff_kind
            when 'adjustment'
                then coalesce(nullif(actual_writeoff_amount, -1), 0) - snapshot_writeoff_amount
            else writeoff_amount
        end as writeoff_amount
    from writeoffs

),

listed as (

    select
        {{ text_key([
            'valued.writeoff_mode_code',
            'valued.writeoff_kind',
            'valued.claim_procedure_id',
        ]) }} as writeoff_id,
        valued.writeoff_mode_code,
        valued.writeoff_kind,
        valued.claim_procedure_id,
        modes.is_default_writeoff_mode,
        valued.business_on,
        valued.patient_id,
        valued.provider_id,
        valued.clinic_id,
        valued.insurance_plan_id,
        insurance_plans.carrier_id,
        valued.writeoff_amount,
        coalesce(providers.is_listed_provider, false) as is_listed_provider,
        {{ quality_reason([
            ('valued.business_on is null', 'no date'),
            (
                "valued.writeoff_kind = 'estimate' and valued.snapshot_at = valued.business_on",
                'at midnight: on the day before, too',
            ),
            (
                'valued.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('patients.patient_id is null', 'no such patient'),
            ('insurance_plans.insurance_plan_id is null', 'no such plan'),
        ]) }} as quality_reason
    from valued
    inner join modes
        on valued.writeoff_mode_code = modes.writeoff_mode_code
    left join insurance_plans
        on valued.insurance_plan_id = insurance_plans.insurance_plan_id
    left join providers
        on valued.provider_id = providers.provider_id
    left join patients
        on valued.patient_id = patients.patient_id
    where
        case valued.writeoff_kind
            when 'estimate' then valued.writeoff_amount > 0
            when 'adjustment' then abs(valued.writeoff_amount) > 0.005
            else abs(valued.writeoff_amount) > 0.0001
        end

)

select * from listed
