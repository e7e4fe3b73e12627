-- Finance charges of 2 March 2026: all providers and billing types.
select
    adjustment_on,
    patient_id,
    primary_provider_id,
    billing_type_id,
    adjustment_amount
from {{ ref('od_finance_charges') }}
where adjustment_on between date '2026-03-02' and date '2026-03-02'
order by patient_id, adjustment_id
