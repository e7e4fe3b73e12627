-- Unearned income of now beside the procedures that it could pay, as the form opens.
select
    guarantor_id,
    first_unearned_on,
    family_balance_amount,
    family_unearned_amount,
    family_remaining_amount,
    patient_id,
    procedure_on,
    fee_amount,
    remaining_amount
from {{ ref('od_unearned_allocations') }}
order by guarantor_id, procedure_on, procedure_id
