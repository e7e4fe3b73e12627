-- Production and Income, the monthly report of March 2026: all providers, all clinics, unearned
-- income shown, the practice's own write-off mode.
select
    business_on,
    sum(production_amount) as production_amount,
    sum(scheduled_production_amount) as scheduled_production_amount,
    sum(adjustment_amount) as adjustment_amount,
    sum(writeoff_amount) as writeoff_amount,
    sum(writeoff_estimate_amount) as writeoff_estimate_amount,
    sum(writeoff_adjustment_amount) as writeoff_adjustment_amount,
    sum(total_production_amount) as total_production_amount,
    sum(patient_income_amount) as patient_income_amount,
    sum(unearned_income_amount) as unearned_income_amount,
    sum(insurance_income_amount) as insurance_income_amount,
    sum(total_income_amount) as total_income_amount
from {{ ref('mart_production_income') }}
where business_on between date '2026-03-01' and date '2026-03-31'
group by business_on
order by business_on
