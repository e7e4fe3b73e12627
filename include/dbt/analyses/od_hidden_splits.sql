-- Hidden payment splits of March 2026, as the form opens: all kinds, listed providers and none.
select
    paid_on,
    patient_id,
    provider_id,
    clinic_id,
    procedure_id,
    unearned_type_id,
    split_amount
from {{ ref('od_hidden_splits') }}
where
    is_listed_provider
    and paid_on between date '2026-03-01' and date '2026-03-31'
order by paid_on, payment_split_id
