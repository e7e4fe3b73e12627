with plans as (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

charges as (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

splits as (

    select * from {{ ref('stg_open_dental__payment_splits') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

open_plans as (

    select * from plans
    where not is_closed

),

debits as (

    select
        charges.guarantor_id as patient_id,
        charges.principal_amount + charges.interest_amount as amount
    from charges
    inner join open_plans
        on charges.payment_plan_id = open_plans.payment_plan_id
    cross join preferences
    where
        charges.charge_type_code = 0
        and open_plans.insurance_plan_id is null
        and charges.charge_on <= {{ as_of_date() }} + preferences.bill_in_advance_days

),

payments as (

    select
        splits.patient_id,
        -splits.split_amount as amount
    from splits
    inner join open_plans
        on splits.payment_plan_id = open_plans.payment_plan_id

),

unioned as (

    select * from debits
    union all
    select * from payments

),

owed as (

    select
        patient_id,
        sum(amount) as payment_plan_due_amount
    from unioned
    group by patient_id

)

select * from owed
