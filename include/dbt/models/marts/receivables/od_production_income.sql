-- Default preferences only: {{ ref('int_preferences_pivoted') }} is tested before this is built.
with procedures as (

    select * from {{ ref('int_procedures_produced') }}

),

scheduled_procedures as (

    select * from {{ ref('int_procedures_scheduled') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

claim_procedures as (

    select * from {{ ref('stg_open_dental__claim_procedures') }}

),

claim_payments as (

    select * from {{ ref('stg_open_dental__claim_payments') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

components as (

    select
        procedure_on as business_on,
        provider_id,
        clinic_id,
        'production' as component,
        production_amount as amount
    from procedures

    union all

    select
        adjustment_on as business_on,
        provider_id,
        clinic_id,
        'adjustment' as component,
        adjustment_amount as amount
    from adjustments

    union all

    select
        claim_procedure_on as business_on,
        provider_id,
        clinic_id,
        'writeoff' as component,
        -writeoff_amount as amount
    from claim_procedures
    where claim_procedure_status_code in (1, 4)

    union all

    select
        scheduled_on as business_on,
        provider_id,
        clinic_id,
        'scheduled_production' as component,
        scheduled_production_amount as amount
    from scheduled_procedures

    union all

    select
        scheduled_on as business_on,
        provider_id,
        clinic_id,
        'scheduled_discount' as component,
        scheduled_discount_amount as amount
    from scheduled_procedures

    union all

    select
        paid_on as business_on,
        provider_id,
        clinic_id,
        split_kind as component,
        split_amount as amount
    from splits
    where split_kind in ('income', 'unearned') and not is_discount

    union all

    select
        claim_payments.check_on as business_on,
        claim_procedures.provider_id,
        claim_procedures.clinic_id,
        'insurance_income' as component,
        claim_procedures.insurance_pay_amount as amount
    from claim_procedures
    inner join claim_payments
        on claim_procedures.claim_payment_id = claim_payments.claim_payment_id

),

summed as (

    select
        business_on,
        provider_id,
        clinic_id,
        coalesce(sum(amount) filter (where component = 'production'), 0) as production_amount,
        coalesce(sum(amount) filter (where component = 'adjustment'), 0) as adjustment_amount,
        coalesce(sum(amount) filter (where component = 'writeoff'), 0) as writeoff_amount,
        coalesce(sum(amount) filter (where component = 'scheduled_production'), 0)
            as scheduled_production_amount,
        coalesce(sum(amount) filter (where component = 'scheduled_discount'), 0)
            as scheduled_discount_amount,
        coalesce(sum(amount) filter (where component = 'income'), 0) as patient_income_amount,
        coalesce(sum(amount) filter (where component = 'unearned'), 0) as unearned_income_amount,
        coalesce(sum(amount) filter (where component = 'insurance_income'), 0)
            as insurance_income_amount
    from components
    where amount <> 0
    group by business_on, provider_id, clinic_id

),

totalled as (

    select
        coalesce(business_on::text, 'undated')
        || '-' || coalesce(provider_id::text, 'none')
        || '-' || coalesce(clinic_id::text, 'none') as production_income_id,
        business_on,
        provider_id,
        clinic_id,
        production_amount,
        adjustment_amount,
        writeoff_amount,
        production_amount + adjustment_amount + writeoff_amount as total_production_amount,
        scheduled_production_amount,
        scheduled_discount_amount,
        production_amount
        + adjustment_amount
        + writeoff_amount
        + scheduled_production_amount
        + scheduled_discount_amount as monthly_total_production_amount,
        patient_income_amount,
        insurance_income_amount,
        patient_income_amount + insurance_income_amount as total_income_amount,
        unearned_income_amount
    from summed

)

select * from totalled
