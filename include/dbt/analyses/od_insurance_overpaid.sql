-- What insurance overpaid on procedures of March 2026, all clinics, matched as the form opens.
select
    patient_id,
    procedure_on,
    fee_amount,
    insurance_amount,
    overpaid_amount
from {{ ref('od_insurance_overpaid') }}
where
    match_kind = 'procedure'
    and procedure_on between date '2026-03-01' and date '2026-03-31'
order by patient_id, procedure_on, procedure_id
