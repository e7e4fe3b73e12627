-- Appointments of 2 March 2026, as the form opens; one at the midnight that follows is among them.
select
    appointment_id,
    scheduled_at,
    scheduled_minutes,
    patient_id,
    provider_id,
    hygienist_id
from {{ ref('od_appointments') }}
where
    is_in_default_report
    and scheduled_at between timestamp '2026-03-02 00:00:00' and timestamp '2026-03-03 00:00:00'
order by scheduled_at, appointment_id
