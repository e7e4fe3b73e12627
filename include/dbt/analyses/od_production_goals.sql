-- Production goal of March 2026: all providers and clinics, the practice's own write-off mode.
select
    business_on,
    sum(goal_amount) as goal_amount,
    sum(production_amount) as production_amount,
    sum(scheduled_production_amount) as scheduled_production_amount,
    sum(adjustment_amount) as adjustment_amount,
    sum(writeoff_amount) as writeoff_amount,
    sum(writeoff_estimate_amount) as writeoff_estimate_amount,
    sum(writeoff_adjustment_amount) as writeoff_adjustment_amount,
    sum(total_production_amount) as total_production_amount
from {{ ref('od_production_goals') }}
where
    is_default_writeoff_mode
    and business_on between date '2026-03-01' and date '2026-03-31'
group by business_on
order by business_on
