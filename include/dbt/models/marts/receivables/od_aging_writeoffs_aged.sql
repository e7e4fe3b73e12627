{{ config(materialized='view') }}

with snapshots as (

    select * from {{ ref('int_aging_of_writeoffs_snapshots_kept') }}

),

final as (

    select
        aging_id,
        as_of_on,
        guarantor_id,
        is_historic,
        is_recomputed,
        balance_0_30_amount,
        balance_31_60_amount,
        balance_61_90_amount,
        balance_over_90_amount,
        balance_total_amount,
        insurance_pay_estimate_amount,
        insurance_writeoff_estimate_amount,
        quality_reason
    from snapshots

)

select * from final
