with claim_procedures as (

    select * from {{ ref('stg_open_dental__claim_procedures') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

days as (

    select
        {{ as_of_date() }} as as_of_on,
        {{ as_of_date() }} <> {{ office_today() }} as is_historic

),

opened as (

    select
        claim_procedures.claim_procedure_id,
        claim_procedures.patient_id,
        claim_procedures.insurance_pay_estimate_amount,
        claim_procedures.writeoff_amount as writeoff_estimate_amount
    from claim_procedures
    cross join days
    left join procedures
        on claim_procedures.procedure_id = procedures.procedure_id
    where
        (claim_procedures.procedure_id is null or procedures.procedure_status_code = 2)
        and (
            (not days.is_historic and claim_procedures.claim_procedure_status_code = 0)
            or (
                days.is_historic
                and claim_procedures.procedure_on <= days.as_of_on
                and (
                    claim_procedures.claim_procedure_status_code = 0
                    or (
                        claim_procedures.claim_procedure_status_code = 1
                        and claim_procedures.claim_procedure_on > days.as_of_on
                    )
                )
            )
        )

)

select * from opened
