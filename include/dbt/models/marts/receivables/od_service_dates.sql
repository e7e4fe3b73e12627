{{ config(materialized='view') }}

with settings as (

    select
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits
    from {{ ref('int_preferences_pivoted') }}

),

entries as (

    select * from {{ ref('int_service_date_entries_unioned') }}

),

-- What a plan charges is shown once it is due, where accounts are aged by charges.
final as (

    select
        entries.service_date_entry_id,
        entries.entry_type,
        entries.patient_id,
        entries.guarantor_id,
        entries.service_on,
        entries.transaction_on,
        entries.procedure_id,
        entries.provider_id,
        entries.charge_amount,
        entries.credit_amount,
        entries.procedure_credit_amount,
        entries.insurance_credit_amount,
        entries.is_allocated,
        {{ quality_reason([
            ('entries.service_on is null', 'no date'),
        ]) }} as quality_reason
    from entries
    cross join settings
    where
        not settings.ages_debits
        or entries.entry_type not in ('payment_plan_debit', 'payment_plan_credit')
        or entries.service_on is null
        or entries.service_on <= {{ office_today() }}

)

select * from final
