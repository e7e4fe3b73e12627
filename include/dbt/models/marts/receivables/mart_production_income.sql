{{ config(indexes=[{'columns': ['business_on']}]) }}

with reports as (

    select * from {{ ref('od_production_income') }}

),

own_report as (

    select
        {{ text_key(['business_on', 'provider_id', 'clinic_id']) }} as production_income_id,
        business_on,
        provider_id,
        clinic_id,
        is_in_provider_report,
        production_amount,
        adjustment_amount,
        scheduled_discount_amount,
        writeoff_amount,
        writeoff_estimate_amount,
        writeoff_adjustment_amount,
        scheduled_production_amount,
        total_production_amount,
        patient_income_amount,
        unearned_income_amount,
        total_patient_income_amount,
        insurance_income_amount,
        total_income_amount,
        quality_reason
    from reports
    where report_name = 'monthly' and is_default_writeoff_mode

)

select * from own_report
