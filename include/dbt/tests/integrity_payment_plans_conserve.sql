-- Principal and interest of the charges, and what was paid, are in od_payment_plans once, apart
-- from what belongs to no plan, or to a plan of no patient.
with mart as (

    select
        coalesce(sum(principal_amount) filter (where not is_dynamic), 0) as principal_amount,
        coalesce(sum(accumulated_interest_amount), 0) as interest_amount,
        coalesce(sum(paid_amount) filter (where not is_insurance_plan), 0) as split_amount,
        coalesce(sum(paid_amount) filter (where is_insurance_plan), 0) as insurance_pay_amount
    from {{ ref('od_payment_plans') }}

),

plans as (

    select
        held.payment_plan_id,
        held.is_dynamic,
        held.insurance_plan_id
    from {{ ref('stg_open_dental__payment_plans') }} as held
    inner join {{ ref('stg_open_dental__patients') }} as patients
        on held.patient_id = patients.patient_id

),

charged as (

    select
        coalesce(
            sum(charges.principal_amount) filter (where not plans.is_dynamic), 0
        ) as principal_amount,
        coalesce(
            sum(charges.interest_amount) filter (
                where charges.charge_on is null or charges.charge_on <= {{ office_today() }}
            ), 0
        ) as interest_amount
    from {{ ref('stg_open_dental__payment_plan_charges') }} as charges
    inner join plans
        on charges.payment_plan_id = plans.payment_plan_id
    where {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}

),

split as (

    select coalesce(sum(splits.split_amount), 0) as split_amount
    from {{ ref('int_payment_splits_classified') }} as splits
    inner join plans
        on splits.payment_plan_id = plans.payment_plan_id
    where plans.insurance_plan_id is null and not splits.is_hidden_unearned

),

paid as (

    select coalesce(sum(claimed.insurance_pay_amount), 0) as insurance_pay_amount
    from {{ ref('stg_open_dental__claim_procedures') }} as claimed
    inner join plans
        on claimed.payment_plan_id = plans.payment_plan_id
    where
        plans.insurance_plan_id is not null
        and {{ has_flag(
            'claimed.claim_procedure_status_code', 'ClaimProcStatus', 'is_claim_paid'
        ) }}

)

select 1 as broken
from mart
cross join charged
cross join split
cross join paid
where
    mart.principal_amount <> charged.principal_amount
    or mart.interest_amount <> charged.interest_amount
    or mart.split_amount <> split.split_amount
    or mart.insurance_pay_amount <> paid.insurance_pay_amount
