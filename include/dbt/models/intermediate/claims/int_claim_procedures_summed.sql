with claim_procedures as (

    select * from {{ ref('stg_open_dental__claim_procedures') }}

),

valued as (

    select
        procedure_id,
        claim_procedure_status_code,
        -- Status 1, 4 and 7 are settled, 2 is a preauthorization, everything else is expected.
        claim_procedure_status_code in (1, 4, 7) as is_settled,
        claim_procedure_status_code = 2 as is_preauthorization,
        insurance_pay_amount,
        writeoff_amount,
        insurance_pay_estimate_amount,
        -- An override wins over the estimate, and blank estimates count 0.
        coalesce(insurance_estimate_total_override_amount, insurance_pay_estimate_amount, 0)
            as expected_insurance_amount,
        coalesce(writeoff_estimate_override_amount, writeoff_estimate_amount, 0)
            as expected_writeoff_amount
    from claim_procedures
    where procedure_id is not null

),

summed as (

    select
        procedure_id,
        coalesce(
            sum(insurance_pay_amount) filter (where claim_procedure_status_code in (1, 4, 5, 7)), 0
        ) as insurance_paid_amount,
        coalesce(
            sum(writeoff_amount) filter (where claim_procedure_status_code in (1, 4)), 0
        ) as writeoff_amount,
        coalesce(
            sum(writeoff_amount) filter (where claim_procedure_status_code = 7), 0
        ) as capitation_writeoff_amount,
        coalesce(
            sum(insurance_pay_estimate_amount) filter (where claim_procedure_status_code = 0), 0
        ) as open_insurance_estimate_amount,
        coalesce(
            sum(writeoff_amount) filter (where claim_procedure_status_code = 0), 0
        ) as open_writeoff_estimate_amount,
        coalesce(
            sum(expected_writeoff_amount) filter (where claim_procedure_status_code = 8), 0
        ) as capitation_writeoff_estimate_amount,
        -- What a dynamic payment plan takes for granted from insurance.
        coalesce(
            sum(
                case when is_settled then insurance_pay_amount else expected_insurance_amount end
            ) filter (where not is_preauthorization),
            0
        ) as planned_insurance_amount,
        coalesce(
            sum(
                case when is_settled then writeoff_amount else expected_writeoff_amount end
            ) filter (where not is_preauthorization),
            0
        ) as planned_writeoff_amount
    from valued
    group by procedure_id

)

select * from summed
