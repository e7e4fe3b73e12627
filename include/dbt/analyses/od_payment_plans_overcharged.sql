-- Overcharged dynamic plans that start in March 2026, all patients, listed providers.
select
    payment_plan_id,
    patient_id,
    provider_id,
    patient_portion_amount,
    paid_outside_amount,
    on_plan_amount,
    charged_amount,
    overcharged_amount,
    paid_on_plan_amount,
    overpaid_amount
from {{ ref('od_payment_plans_overcharged') }}
where
    is_in_default_report
    and plan_start_on between date '2026-03-01' and date '2026-03-31'
order by payment_plan_id, payment_plan_link_id
