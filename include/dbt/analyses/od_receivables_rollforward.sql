-- How the balance of all accounts moved in March 2026, day by day.
select
    days.date_on,
    days.opening_amount,
    days.production_amount,
    days.payment_plan_credit_amount,
    days.payment_plan_charge_amount,
    days.adjustment_amount,
    days.writeoff_amount,
    days.patient_payment_amount,
    days.insurance_payment_amount,
    days.closing_amount
from {{ ref('od_receivables_rollforward') }} as days
where days.date_on between date '2026-03-01' and date '2026-03-31'
order by days.date_on
