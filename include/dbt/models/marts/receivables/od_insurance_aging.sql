{{ config(materialized='view') }}

with snapshots as (

    select * from {{ ref('int_insurance_aging_snapshots_kept') }}

),

final as (

    select
        insurance_aging_id,
        as_of_on,
        guarantor_id,
        insurance_0_30_amount,
        insurance_31_60_amount,
        insurance_61_90_amount,
        insurance_over_90_amount,
        insurance_total_amount,
        patient_0_30_amount,
        patient_31_60_amount,
        patient_61_90_amount,
        patient_over_90_amount,
        patient_total_amount,
        writeoff_change_amount,
        patient_portion_amount,
        is_in_default_report,
        quality_reason
    from snapshots

)

select * from final
