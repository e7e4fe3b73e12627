-- Daily procedures of 2 March 2026, individual: all providers and clinics.
select
    procedure_on,
    patient_id,
    provider_id,
    clinic_id,
    procedure_code,
    production_amount
from {{ ref('od_procedures') }}
where
    is_in_individual_report
    and procedure_on between date '2026-03-02' and date '2026-03-02'
order by procedure_on, patient_id, procedure_id
