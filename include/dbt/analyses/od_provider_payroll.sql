-- Provider payroll, the first half of March 2026, by provider and day.
select
    provider_id,
    business_on,
    sum(production_amount) as production_amount,
    sum(writeoff_estimate_amount) as writeoff_estimate_amount,
    sum(adjustment_amount) as adjustment_amount,
    sum(writeoff_difference_amount) as writeoff_difference_amount,
    sum(net_production_amount) as net_production_amount,
    sum(allocated_patient_income_amount) as allocated_patient_income_amount,
    sum(unallocated_patient_income_amount) as unallocated_patient_income_amount,
    sum(insurance_income_amount) as insurance_income_amount,
    sum(insurance_not_finalized_amount) as insurance_not_finalized_amount,
    sum(net_income_amount) as net_income_amount
from {{ ref('od_provider_payroll') }}
where business_on between date '2026-03-01' and date '2026-03-15'
group by provider_id, business_on
order by provider_id, business_on
