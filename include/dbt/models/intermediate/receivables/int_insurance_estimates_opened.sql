with claim_procedures as (

    select * from {{ ref('int_claim_procedures_posted') }}

),

days as (

    select * from {{ ref('int_snapshot_days_listed') }}

),

opened as (

    select
        days.as_of_on,
        claim_procedures.guarantor_id,
        sum(claim_procedures.insurance_pay_estimate_amount) as insurance_pay_estimate_amount,
        sum(claim_procedures.writeoff_estimate_amount) as writeoff_estimate_amount,
        sum(claim_procedures.writeoff_change_estimate_amount) as writeoff_change_estimate_amount
    from claim_procedures
    inner join days
        on
            (claim_procedures.is_not_received and not days.is_historic)
            or (
                days.is_historic
                and {{ dated('claim_procedures.service_on') }} <= days.as_of_on
                and (
                    claim_procedures.is_not_received
                    or (
                        claim_procedures.is_first_received
                        and claim_procedures.posted_on > days.as_of_on
                    )
                )
            )
    where claim_procedures.guarantor_id is not null
    group by days.as_of_on, claim_procedures.guarantor_id

)

select * from opened
