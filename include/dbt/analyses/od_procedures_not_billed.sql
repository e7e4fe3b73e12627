-- Procedures not billed to insurance in March 2026, as the form opens.
select
    procedure_id,
    patient_id,
    procedure_on,
    procedure_code,
    fee_amount
from {{ ref('od_procedures_not_billed') }}
where
    procedure_on between date '2026-03-01' and date '2026-03-31'
    and is_in_default_report
order by procedure_on, procedure_id
