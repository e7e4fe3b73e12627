-- Daily payments of 2 March 2026: all providers, types and claim payment groups.
select
    payer_kind,
    payment_type_name,
    is_income_transfer,
    provider_id,
    clinic_id,
    sum(payment_amount) as payment_amount,
    sum(unearned_amount) as unearned_amount
from {{ ref('od_daily_payments') }}
where paid_on between date '2026-03-02' and date '2026-03-02'
group by payer_kind, payment_type_name, is_income_transfer, provider_id, clinic_id
order by payer_kind, payment_type_name, provider_id, clinic_id
