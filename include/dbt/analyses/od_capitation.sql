-- Capitation utilization of March 2026, all carriers.
select
    procedure_on,
    carrier_id,
    subscriber_id,
    patient_id,
    procedure_code,
    fee_amount,
    patient_amount
from {{ ref('od_capitation') }}
where procedure_on between date '2026-03-01' and date '2026-03-31'
order by procedure_on, patient_id, claim_procedure_id
