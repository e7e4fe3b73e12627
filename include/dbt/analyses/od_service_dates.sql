-- The service date view of one family: its entries with the balance of the account after each day.
with entries as (

    select
        service_on,
        transaction_on,
        entry_type,
        patient_id,
        procedure_id,
        charge_amount,
        credit_amount,
        procedure_credit_amount,
        insurance_credit_amount,
        service_date_entry_id,
        sum(charge_amount - credit_amount - insurance_credit_amount) over (
            order by service_on asc nulls first
        ) as balance_amount
    from {{ ref('od_service_dates') }}
    where guarantor_id = 1

)

select
    service_on,
    transaction_on,
    entry_type,
    patient_id,
    procedure_id,
    charge_amount,
    credit_amount,
    procedure_credit_amount,
    insurance_credit_amount,
    balance_amount
from entries
order by service_on asc nulls first, service_date_entry_id asc
