-- Payroll and its detail by transaction agree, but where one of them counts a procedure twice; and
-- what insurance and patients paid is in payroll once.
with payroll as (

    select
        sum(adjustment_amount) as adjustment_amount,
        sum(writeoff_difference_amount) as writeoff_difference_amount,
        sum(allocated_patient_income_amount + unallocated_patient_income_amount) as patient_amount,
        sum(insurance_not_finalized_amount) as insurance_not_finalized_amount
    from {{ ref('od_provider_payroll') }}

),

details as (

    select
        sum(adjustment_amount) as adjustment_amount,
        sum(estimate_less_actual_amount) as writeoff_difference_amount
    from {{ ref('od_net_production_details') }}

),

splits as (

    select sum(split_amount) as patient_amount
    from {{ ref('stg_open_dental__payment_splits') }}
    where
        not is_discount
        and coalesce(unearned_type_id, 0) not in (
            select hidden.definition_id
            from {{ ref('stg_open_dental__definitions') }} as hidden
            where hidden.is_hidden_unearned
        )

),

claim_procedures as (

    select
        sum(insurance_pay_amount) filter (where claim_payment_id is null)
            as insurance_not_finalized_amount
    from {{ ref('stg_open_dental__claim_procedures') }}

)

select 1 as broken
from payroll
cross join details
cross join splits
cross join claim_procedures
where
    coalesce(payroll.adjustment_amount, 0) <> coalesce(details.adjustment_amount, 0)
    or coalesce(payroll.writeoff_difference_amount, 0)
    <> coalesce(details.writeoff_difference_amount, 0)
    or coalesce(payroll.patient_amount, 0) <> coalesce(splits.patient_amount, 0)
    or coalesce(payroll.insurance_not_finalized_amount, 0)
    <> coalesce(claim_procedures.insurance_not_finalized_amount, 0)
