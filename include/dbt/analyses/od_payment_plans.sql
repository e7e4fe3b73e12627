-- Payment plans that are dated March 2026, as of now: patient and insurance plans that are not
-- closed, all providers, as the form opens.
select
    guarantor_id,
    is_insurance_plan,
    principal_amount,
    accumulated_interest_amount,
    paid_amount,
    balance_amount,
    due_amount,
    not_due_amount,
    family_balance_amount
from {{ ref('od_payment_plans') }}
where
    is_in_default_report
    and plan_on between date '2026-03-01' and date '2026-03-31'
order by guarantor_id, payment_plan_id
