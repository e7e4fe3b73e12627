-- The line items of unearned income of March 2026, all clinics.
select
    paid_on,
    patient_id,
    unearned_type_id,
    clinic_id,
    split_amount
from {{ ref('od_unearned_lines') }}
where paid_on between date '2026-03-01' and date '2026-03-31'
order by paid_on, payment_split_id
