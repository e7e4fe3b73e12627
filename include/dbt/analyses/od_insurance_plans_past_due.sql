-- Insurance payment plans that are past due now, for 30 days and more, as the form opens.
select
    patient_id,
    carrier_id,
    provider_id,
    last_payment_on,
    overdue_count,
    overdue_amount,
    days_overdue
from {{ ref('od_insurance_plans_past_due') }}
where is_in_default_report
order by days_overdue desc, payment_plan_id asc
