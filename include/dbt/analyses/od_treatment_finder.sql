-- The treatment finder as its form opens, which prints what remains as 0 where it is negative.
select
    patient_id,
    planned_amount,
    greatest(individual_remaining_amount, 0) as individual_remaining_amount,
    greatest(family_remaining_amount, 0) as family_remaining_amount
from {{ ref('od_treatment_finder') }}
where is_in_default_report
order by planned_amount desc, patient_id asc
