{{ config(indexes=[{'columns': ['procedure_on']}]) }}

with procedures as not materialized (

    select * from {{ ref('int_procedures_completed') }}

),

patient_plans as (

    select * from {{ ref('stg_open_dental__patient_plans') }}

),

insurance_subscriptions as (

    select * from {{ ref('stg_open_dental__insurance_subscriptions') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

multi_visit_procedures as (

    select * from {{ ref('stg_open_dental__multi_visit_procedures') }}

),

covered_patients as (

    select
        patient_plans.patient_id,
        insurance_plans.insurance_plan_id,
        insurance_plans.is_medical,
        coalesce(insurance_subscriptions.effective_on, '-infinity') as effective_on,
        coalesce(
            insurance_subscriptions.terminated_on,
            ({{ office_today() }} + interval '1 year')::date
        ) as terminated_on
    from patient_plans
    inner join insurance_subscriptions
        on
            patient_plans.insurance_subscription_id
            = insurance_subscriptions.insurance_subscription_id
    inner join insurance_plans
        on insurance_subscriptions.insurance_plan_id = insurance_plans.insurance_plan_id

),

plan_claims as (

    select
        procedure_id,
        insurance_plan_id,
        bool_or(is_estimate and not is_not_billed_to_insurance) as has_open_estimate
    from claim_procedures
    where procedure_id is not null and insurance_plan_id is not null
    group by procedure_id, insurance_plan_id

),

in_process as (

    select procedure_id
    from multi_visit_procedures
    where is_in_process
    group by procedure_id

),

considered as (

    select
        procedures.procedure_id,
        covered_patients.is_medical,
        coalesce(plan_claims.has_open_estimate, false) as has_open_estimate,
        -- Nothing was estimated when it was done: the plan came later.
        plan_claims.procedure_id is null and procedures.is_billed_to_insurance
            as is_before_insurance,
        coalesce(procedures.procedure_on, '-infinity')
        between covered_patients.effective_on and covered_patients.terminated_on
            as is_within_coverage
    from procedures
    inner join covered_patients
        on procedures.patient_id = covered_patients.patient_id
    left join plan_claims
        on
            procedures.procedure_id = plan_claims.procedure_id
            and covered_patients.insurance_plan_id = plan_claims.insurance_plan_id
    where procedures.procedure_fee_amount > 0

),

-- Medical plans say something where no dental plan does.
qualified as (

    select
        procedure_id,
        is_medical,
        bool_or(has_open_estimate) as has_open_estimate,
        bool_or(is_before_insurance) as is_before_insurance,
        bool_or(is_within_coverage) as is_within_coverage
    from considered
    where has_open_estimate or is_before_insurance
    group by procedure_id, is_medical

),

chosen as (

    select distinct on (procedure_id) *
    from qualified
    order by procedure_id, is_medical

),

listed as (

    select
        procedures.procedure_id,
        procedures.procedure_on,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_code,
        procedures.fee_amount,
        chosen.has_open_estimate,
        chosen.is_before_insurance,
        chosen.is_within_coverage,
        chosen.is_medical as is_medical_only,
        in_process.procedure_id is not null as is_in_process,
        chosen.has_open_estimate
        and not chosen.is_medical
        and in_process.procedure_id is null as is_in_default_report,
        {{ quality_reason([
            ('procedures.procedure_on is null', 'no date'),
            ('procedures.procedure_code is null', 'no such code'),
            ('not procedures.has_provider', 'no such provider'),
        ]) }} as quality_reason
    from procedures
    inner join chosen
        on procedures.procedure_id = chosen.procedure_id
    left join in_process
        on procedures.procedure_id = in_process.procedure_id

)

select * from listed
