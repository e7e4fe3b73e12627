with days as (

    select * from {{ ref('int_snapshot_days_listed') }}

),

settings as (

    select
        bill_in_advance_days,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'forgives_closed_plans') }}
            as forgives_closed_plans
    from {{ ref('int_preferences_pivoted') }}

),

plans as not materialized (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

charges as (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

families as not materialized (

    select * from {{ ref('int_families_assigned') }}

),

debits as (

    select
        days.as_of_on,
        families.guarantor_id,
        charges.principal_amount + charges.interest_amount as amount
    from charges
    inner join families
        on charges.guarantor_id = families.patient_id
    inner join plans
        on charges.payment_plan_id = plans.payment_plan_id
    cross join settings
    -- A historic aging, too, bills in advance of today.
    inner join days
        on {{ dated('charges.charge_on') }} <= days.today_on + settings.bill_in_advance_days
    where
        {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}
        and plans.insurance_plan_id is null
        and not (plans.is_closed and settings.forgives_closed_plans)

),

-- A plan that is gone was never closed.
payments as (

    select
        days.as_of_on,
        families.guarantor_id,
        -splits.split_amount as amount
    from splits
    inner join families
        on splits.patient_id = families.patient_id
    left join plans
        on splits.payment_plan_id = plans.payment_plan_id
    cross join settings
    inner join days
        on not days.is_historic or {{ dated('splits.paid_on') }} <= days.as_of_on
    where
        splits.payment_plan_id is not null
        and not splits.is_hidden_unearned
        and not (coalesce(plans.is_closed, false) and settings.forgives_closed_plans)

),

unioned as (

    select * from debits
    union all
    select * from payments

),

owed as (

    select
        as_of_on,
        guarantor_id,
        sum(amount) as payment_plan_due_amount
    from unioned
    where guarantor_id is not null
    group by as_of_on, guarantor_id

)

select * from owed
