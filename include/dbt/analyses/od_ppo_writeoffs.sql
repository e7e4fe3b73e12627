-- PPO write-offs of March 2026, individual: any carrier, the practice's own mode. The group report
-- is the same by carrier_id, without is_in_individual_report.
select
    claim_id,
    min(business_on) as business_on,
    min(patient_id) as patient_id,
    min(provider_id) as provider_id,
    sum(billed_amount) as billed_amount,
    sum(writeoff_amount) as writeoff_amount,
    sum(writeoff_adjustment_amount) as writeoff_adjustment_amount,
    sum(ppo_fee_amount) as ppo_fee_amount
from {{ ref('od_ppo_writeoffs') }}
where
    is_default_writeoff_mode
    and is_in_individual_report
    and business_on between date '2026-03-01' and date '2026-03-31'
group by claim_id
order by claim_id
