-- Write-offs of March 2026: listed providers, the practice's own mode, as the form opens.
select
    provider_id,
    business_on,
    clinic_id,
    patient_id,
    writeoff_kind,
    sum(writeoff_amount) as writeoff_amount
from {{ ref('od_writeoffs') }}
where
    is_default_writeoff_mode
    and is_listed_provider
    and business_on between date '2026-03-01' and date '2026-03-31'
group by provider_id, business_on, clinic_id, patient_id, writeoff_kind
order by provider_id, business_on, clinic_id, patient_id, writeoff_kind
