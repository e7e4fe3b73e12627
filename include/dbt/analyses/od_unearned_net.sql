-- Net unearned income of now, as the form opens: families without a procedure that is to be paid.
select
    patient_id,
    guarantor_id,
    primary_provider_id,
    clinic_id,
    unearned_amount,
    family_balance_amount
from {{ ref('od_unearned_net') }}
where is_in_default_report
order by guarantor_id, patient_id
