-- Net production detail of March 2026, all providers and clinics.
select
    business_on,
    transaction_kind,
    provider_id,
    clinic_id,
    patient_id,
    procedure_id,
    gross_amount,
    original_writeoff_estimate_amount,
    estimate_less_actual_amount,
    adjustment_amount,
    net_production_amount
from {{ ref('od_net_production_details') }}
where business_on between date '2026-03-01' and date '2026-03-31'
order by business_on, transaction_kind, patient_id, net_production_detail_id
