-- Patients of discount plans.
select
    discount_plan_id,
    fee_schedule_id,
    adjustment_type_id,
    patient_id
from {{ ref('od_discount_plan_patients') }}
order by discount_plan_id, patient_id
