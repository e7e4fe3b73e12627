-- Prescriptions of drugs whose names begin with a text.
select
    prescription_id,
    prescribed_on,
    patient_id,
    provider_id,
    drug_name,
    dispensed
from {{ ref('od_prescriptions') }}
where upper(drug_name) like 'AMOX%'
order by prescribed_on, prescription_id
