-- Uncollected patient portions of 2 March 2026, all clinics, as the form opens on that day.
select
    procedure_on,
    patient_id,
    procedure_code,
    fee_amount,
    patient_portion_amount,
    adjustment_amount,
    payment_amount,
    uncollected_amount
from {{ ref('od_patient_portion_uncollected') }}
where procedure_on between date '2026-03-02' and date '2026-03-02'
order by procedure_on, patient_id, procedure_id
