-- The receivables breakdown of March 2026, practice, write-offs by the date of payment, as the form
-- opens: day by day, with the balance of the day.
with days as (

    select
        business_on,
        sum(production_amount) as production_amount,
        sum(payment_plan_credit_amount) as payment_plan_credit_amount,
        sum(payment_plan_charge_amount) as payment_plan_charge_amount,
        sum(adjustment_amount) as adjustment_amount,
        sum(writeoff_amount) as writeoff_amount,
        sum(patient_payment_amount) as patient_payment_amount,
        sum(insurance_payment_amount) as insurance_payment_amount,
        sum(daily_change_amount) as daily_change_amount,
        -- Rows without a date come before every day.
        sum(sum(daily_change_amount)) over (order by business_on asc nulls first)
            as balance_amount
    from {{ ref('od_receivables_breakdown') }}
    where
        date_basis = 'pay_date'
        and (business_on is null or business_on <= date '2026-03-31')
    group by business_on

)

select
    business_on,
    production_amount,
    payment_plan_credit_amount,
    payment_plan_charge_amount,
    adjustment_amount,
    writeoff_amount,
    patient_payment_amount,
    insurance_payment_amount,
    daily_change_amount,
    balance_amount
from days
where business_on >= date '2026-03-01'
order by business_on
