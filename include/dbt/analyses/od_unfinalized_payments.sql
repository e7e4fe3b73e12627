-- Unfinalized insurance payments: partial checks, and payments on no check.
select
    payment_kind,
    patient_id,
    carrier_name,
    paid_on,
    service_on,
    payment_amount
from {{ ref('od_unfinalized_payments') }}
order by payment_kind, paid_on, unfinalized_payment_id
