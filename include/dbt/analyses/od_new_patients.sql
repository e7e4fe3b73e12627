-- New patients of March 2026.
select
    patient_id,
    first_procedure_on,
    referral_id,
    production_amount
from {{ ref('od_new_patients') }}
where first_procedure_on between date '2026-03-01' and date '2026-03-31'
order by first_procedure_on, patient_id
