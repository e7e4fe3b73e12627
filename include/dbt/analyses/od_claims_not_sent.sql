-- Claims not sent, with dates of service in the first week of March 2026.
select
    claim_id,
    patient_id,
    carrier_id,
    claim_status_code,
    service_on,
    procedure_codes,
    claim_fee_amount
from {{ ref('od_claims_not_sent') }}
where service_on between date '2026-03-01' and date '2026-03-07'
order by service_on, claim_id
