{{ config(materialized='view') }}

with snapshots as (

    select * from {{ ref('int_insurance_aging_detail_snapshots_kept') }}

),

final as (

    select
        insurance_aging_detail_id,
        as_of_on,
        guarantor_id,
        carrier_name,
        group_name,
        insurance_0_30_amount,
        insurance_31_60_amount,
        insurance_61_90_amount,
        insurance_over_90_amount,
        insurance_total_amount,
        quality_reason
    from snapshots

)

select * from final
