-- Adjustments of 2 March 2026: listed providers, all types, as the form opens.
select
    adjustment_on,
    patient_id,
    provider_id,
    clinic_id,
    adjustment_type_name,
    adjustment_amount
from {{ ref('od_adjustments') }}
where
    is_in_default_report
    and adjustment_on between date '2026-03-02' and date '2026-03-02'
order by adjustment_on, patient_id, adjustment_id
