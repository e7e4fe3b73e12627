-- Broken appointments of March 2026, as the practice records them and the form opens.
select
    broken_on,
    patient_id,
    provider_id,
    hygienist_id,
    procedure_code,
    fee_amount,
    adjustment_amount
from {{ ref('od_broken_appointments') }}
where
    is_default_basis
    and is_listed_provider
    and broken_on between date '2026-03-01' and date '2026-03-31'
order by broken_on, broken_appointment_id
