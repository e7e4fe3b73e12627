-- Overpaid procedures of March 2026, all patients, listed providers and all clinics.
select
    patient_id,
    procedure_on,
    procedure_code,
    provider_id,
    fee_amount,
    insurance_paid_amount,
    writeoff_amount,
    patient_paid_amount,
    adjustment_amount,
    overpaid_amount
from {{ ref('od_procedures_overpaid') }}
where
    is_listed_provider
    and procedure_on between date '2026-03-01' and date '2026-03-31'
order by patient_id, procedure_on, procedure_id
