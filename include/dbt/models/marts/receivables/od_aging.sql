{{ config(materialized='view') }}

with snapshots as (

    select * from {{ ref('int_aging_snapshots_kept') }}

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
        patient_portion_amount,
        payment_plan_due_amount,
        unapplied_credit_amount,
        future_amount,
        undated_amount,
        last_payment_on,
        billing_type_id,
        primary_provider_id,
        clinic_id,
        is_in_default_report,
        quality_reason
    from snapshots

)

select * from final
