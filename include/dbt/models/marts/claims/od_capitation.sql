{{ config(indexes=[{'columns': ['procedure_on']}]) }}

with procedures as (

    select * from {{ ref('int_procedures_produced') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

subscriptions as (

    select * from {{ ref('stg_open_dental__insurance_subscriptions') }}

),

carriers as (

    select * from {{ ref('stg_open_dental__carriers') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

covered as (

    select
        claim_procedures.claim_procedure_id,
        procedures.procedure_id,
        procedures.procedure_on,
        procedures.patient_id,
        subscribers.patient_id as subscriber_id,
        carriers.carrier_id,
        insurance_plans.insurance_plan_id,
        procedure_codes.procedure_code,
        procedures.procedure_fee_amount as fee_amount,
        procedures.procedure_fee_amount - claim_procedures.writeoff_amount as patient_amount,
        {{ quality_reason([('procedures.procedure_on is null', 'no date')]) }} as quality_reason
    from claim_procedures
    inner join procedures
        on claim_procedures.procedure_id = procedures.procedure_id
    inner join patients
        on procedures.patient_id = patients.patient_id
    inner join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    inner join insurance_plans
        on claim_procedures.insurance_plan_id = insurance_plans.insurance_plan_id
    inner join subscriptions
        on claim_procedures.insurance_subscription_id = subscriptions.insurance_subscription_id
    inner join patients as subscribers
        on subscriptions.subscriber_patient_id = subscribers.patient_id
    inner join carriers
        on insurance_plans.carrier_id = carriers.carrier_id
    where
        claim_procedures.is_capitation_completed
        and not claim_procedures.is_not_billed_to_insurance
        and {{ has_flag('insurance_plans.plan_type_code', 'InsPlanType', 'is_capitation') }}

)

select * from covered
