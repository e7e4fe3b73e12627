-- Active patients of the first quarter of 2026, as the form opens.
select count(distinct patient_id) as patient_count
from {{ ref('od_active_patients') }}
where
    is_in_default_report
    and month_on between date '2026-01-01' and date '2026-03-31'
