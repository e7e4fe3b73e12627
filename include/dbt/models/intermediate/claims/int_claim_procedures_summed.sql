with claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

valued as (

    select
        *,
        coalesce(insurance_estimate_total_override_amount, insurance_pay_estimate_amount, 0)
            as expected_insurance_amount
    from claim_procedures
    where procedure_id is not null

),

summed as (

    select
        procedure_id,
        coalesce(
            sum(insurance_pay_amount) filter (where is_insurance_paid), 0
        ) as insurance_paid_amount,
        coalesce(
            sum(writeoff_amount) filter (where is_received), 0
        ) as writeoff_amount,
        coalesce(
            sum(writeoff_amount) filter (where is_capitation_completed), 0
        ) as capitation_writeoff_amount,
        coalesce(
            sum(insurance_pay_estimate_amount) filter (where is_not_received), 0
        ) as open_insurance_estimate_amount,
        coalesce(
            sum(writeoff_amount) filter (where is_not_received), 0
        ) as open_writeoff_estimate_amount,
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
