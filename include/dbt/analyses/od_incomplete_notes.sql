-- Incomplete procedure notes of March 2026, with the practice's preferences.
select
    procedure_id,
    procedure_on,
    patient_id,
    provider_id,
    procedure_code,
    is_incomplete,
    has_no_note
from {{ ref('od_incomplete_notes') }}
where
    is_in_default_report
    and procedure_on between date '2026-03-01' and date '2026-03-31'
order by procedure_on, procedure_id
