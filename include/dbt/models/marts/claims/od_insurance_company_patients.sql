{{ config(indexes=[{'columns': ['carrier_id']}]) }}

with insurance_subscriptions as (

    select * from {{ ref('stg_open_dental__insurance_subscriptions') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

carriers as (

    select * from {{ ref('stg_open_dental__carriers') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

patient_plans as (

    select * from {{ ref('stg_open_dental__patient_plans') }}

),

-- Someone is covered by it now.
used_subscriptions as (

    select insurance_subscription_id
    from patient_plans
    group by insurance_subscription_id

),

listed as (

    select
        insurance_subscriptions.insurance_subscription_id as subscription_id,
        insurance_subscriptions.subscriber_patient_id as patient_id,
        insurance_plans.carrier_id,
        insurance_plans.insurance_plan_id,
        insurance_plans.group_name,
        {{ quality_reason([
            ("coalesce(carriers.carrier_name, '') = ''", 'carrier without a name'),
        ]) }} as quality_reason
    from insurance_subscriptions
    inner join insurance_plans
        on insurance_subscriptions.insurance_plan_id = insurance_plans.insurance_plan_id
    inner join carriers
        on insurance_plans.carrier_id = carriers.carrier_id
    inner join patients
        on insurance_subscriptions.subscriber_patient_id = patients.patient_id
    inner join used_subscriptions
        on
            insurance_subscriptions.insurance_subscription_id
            = used_subscriptions.insurance_subscription_id

)

select * from listed
