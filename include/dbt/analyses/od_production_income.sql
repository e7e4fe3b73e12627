-- Production and Income, the daily report of March 2026: all providers, all clinics, unearned
-- income shown, the practice's own write-off mode. Monthly and annual report: another report_name;
-- the provider report: the daily one by provider_id where is_in_provider_report.
select
    business_on,
    sum(production_amount) as production_amount,
    sum(adjustment_amount) as adjustment_amount,
    sum(writeoff_amount + writeoff_estimate_amount + writeoff_adjustment_amount)
        as writeoff_amount,
    sum(total_production_amount) as total_production_amount,
    sum(total_patient_income_amount) as total_patient_income_amount,
    sum(insurance_income_amount) as insurance_income_amount,
    sum(total_income_amount) as total_income_amount
from {{ ref('od_production_income') }}
where
    report_name = 'daily'
    and is_default_writeoff_mode
    and business_on between date '2026-03-01' and date '2026-03-31'
group by business_on
order by business_on
