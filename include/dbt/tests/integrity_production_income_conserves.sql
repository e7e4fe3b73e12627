-- Every component of the report is the sum of its source rows, whatever provider, clinic or date
-- they have.
with mart as (

    select
        sum(production_amount) as production_amount,
        sum(adjustment_amount) as adjustment_amount,
        sum(writeoff_amount) as writeoff_amount,
        sum(patient_income_amount + unearned_income_amount) as patient_amount,
        sum(insurance_income_amount) as insurance_income_amount
    from {{ ref('od_production_income') }}

),

source_sums as (

    select
        (
            select sum(fee_amount) from {{ ref('stg_open_dental__procedures') }}
            where procedure_status_code = 2
        ) - coalesce((
            select sum(held.writeoff_amount)
            from {{ ref('stg_open_dental__claim_procedures') }} as held
            where
                held.claim_procedure_status_code = 7
                and held.procedure_id in (
                    select completed.procedure_id
                    from {{ ref('stg_open_dental__procedures') }} as completed
                    where completed.procedure_status_code = 2
                )
        ), 0) as production_amount,
        (
            select sum(adjustment_amount) from {{ ref('stg_open_dental__adjustments') }}
        ) as adjustment_amount,
        (
            select -sum(writeoff_amount) from {{ ref('stg_open_dental__claim_procedures') }}
            where claim_procedure_status_code in (1, 4)
        ) as writeoff_amount,
        (
            select sum(split_amount) from {{ ref('stg_open_dental__payment_splits') }}
            where
                not is_discount
                and coalesce(unearned_type_id, 0) not in (
                    select hidden.definition_id
                    from {{ ref('stg_open_dental__definitions') }} as hidden
                    where hidden.is_hidden_unearned
                )
        ) as patient_amount,
        (
            select sum(insurance_pay_amount) from {{ ref('stg_open_dental__claim_procedures') }}
            where
                claim_payment_id in (
                    select checks.claim_payment_id
                    from {{ ref('stg_open_dental__claim_payments') }} as checks
                )
        ) as insurance_income_amount

)

select source_sums.*
from source_sums
cross join mart
where
    coalesce(mart.production_amount, 0) <> coalesce(source_sums.production_amount, 0)
    or coalesce(mart.adjustment_amount, 0) <> coalesce(source_sums.adjustment_amount, 0)
    or coalesce(mart.writeoff_amount, 0) <> coalesce(source_sums.writeoff_amount, 0)
    or coalesce(mart.patient_amount, 0) <> coalesce(source_sums.patient_amount, 0)
    or coalesce(mart.insurance_income_amount, 0)
    <> coalesce(source_sums.insurance_income_amount, 0)
