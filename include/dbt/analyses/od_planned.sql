-- The planned appointment tracker, as the form opens.
select
    appointment_id,
    patient_id,
    provider_id,
    scheduled_at,
    scheduled_minutes
from {{ ref('od_planned') }}
where is_in_default_report
order by scheduled_at, appointment_id
