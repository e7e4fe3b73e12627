with discount_plan_subscriptions as (

    select * from {{ ref('stg_open_dental__discount_plan_subscriptions') }}

),

discount_plans as (

    select * from {{ ref('stg_open_dental__discount_plans') }}

),

fee_schedules as (

    select * from {{ ref('stg_open_dental__fee_schedules') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

listed as (

    select
        discount_plan_subscriptions.discount_plan_subscription_id,
        discount_plan_subscriptions.discount_plan_id,
        discount_plan_subscriptions.patient_id,
        discount_plans.fee_schedule_id,
        discount_plans.definition_id as adjustment_type_id,
        discount_plan_subscriptions.effective_on,
        discount_plan_subscriptions.terminated_on as ended_on,
        {{ quality_reason([
            (
                'discount_plan_subscriptions.terminated_on'
                ~ ' < discount_plan_subscriptions.effective_on',
                'ends before it begins',
            ),
        ]) }} as quality_reason
    from discount_plan_subscriptions
    inner join discount_plans
        on discount_plan_subscriptions.discount_plan_id = discount_plans.discount_plan_id
    inner join fee_schedules
        on discount_plans.fee_schedule_id = fee_schedules.fee_schedule_id
    inner join definitions
        on discount_plans.definition_id = definitions.definition_id
    inner join patients
        on discount_plan_subscriptions.patient_id = patients.patient_id

)

select * from listed
