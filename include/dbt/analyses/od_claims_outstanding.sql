-- Outstanding insurance claims, as the form opens: the claims, oldest first.
select
    claim_id,
    patient_id,
    carrier_id,
    claim_type_code,
    service_on,
    sent_on,
    days_outstanding,
    claim_fee_amount
from {{ ref('od_claims_outstanding') }}
where is_in_default_report
order by sent_on nulls first, claim_id
