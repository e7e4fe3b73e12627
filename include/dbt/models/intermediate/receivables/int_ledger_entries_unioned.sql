{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot', 'definition']},
    indexes=[{'columns': ['patient_id']}],
) }}

with settings as (

    select
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_credits') }} as ages_credits,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_plan_payments') }}
            as ages_plan_payments,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'credits_completed_amounts') }}
            as credits_completed_amounts,
        {{ has_flag(
            'payment_plans_version', 'PayPlansVersion', 'credits_completed_insurance_amounts'
        ) }} as credits_completed_insurance_amounts
    from {{ ref('int_preferences_pivoted') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_posted') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

plans as not materialized (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

charges as not materialized (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

link_credits as (

    select * from {{ ref('int_payment_plan_links_credited') }}

),

-- Each table that is large is read where it is needed: one name for two readers would be written
-- out first.
credited_procedures as (

    select
        procedure_id,
        {{ dated('procedure_on') }} as procedure_on
    from {{ ref('stg_open_dental__procedures') }}

),

families as (

    select * from {{ ref('int_families_assigned') }}

),

procedure_entries as (

    select
        'procedure' as entry_kind,
        procedure_id as source_id,
        patient_id,
        provider_id,
        clinic_id,
        procedure_on as entry_on,
        fee_amount as amount,
        0 as insurance_payment_amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from procedures
    where
        {{ has_flag('procedure_status_code', 'ProcStat', 'is_completed') }}
        and procedure_fee_amount <> 0

),

claim_procedure_entries as (

    select
        'claim_procedure' as entry_kind,
        claim_procedure_id as source_id,
        patient_id,
        provider_id,
        clinic_id,
        posted_on as entry_on,
        -insurance_payment_amount - writeoff_amount as amount,
        insurance_payment_amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from claim_procedures

),

adjustment_entries as (

    select
        'adjustment' as entry_kind,
        adjustment_id as source_id,
        patient_id,
        provider_id,
        clinic_id,
        adjustment_on as entry_on,
        adjustment_amount as amount,
        0 as insurance_payment_amount,
        procedure_id as tied_procedure_id,
        -- The adjustment's own word for it, and a date like any other when it is empty.
        case when procedure_id is not null then {{ dated('procedure_on') }} end
            as tied_procedure_on
    from adjustments
    where adjustment_amount <> 0

),

payment_entries as (

    select
        'patient_payment' as entry_kind,
        splits.payment_split_id as source_id,
        splits.patient_id,
        splits.provider_id,
        splits.clinic_id,
        splits.paid_on as entry_on,
        case
            when splits.payment_plan_id is null or settings.ages_plan_payments
                then -splits.split_amount
            else 0
        end as amount,
        0 as insurance_payment_amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from splits
    cross join settings
    where splits.split_amount <> 0 and not splits.is_hidden_unearned

),

completed_plan_entries as (

    select
        'plan_completion' as entry_kind,
        plans.payment_plan_id as source_id,
        plans.patient_id,
        null::bigint as provider_id,
        null::bigint as clinic_id,
        plans.plan_on as entry_on,
        -plans.completed_amount as amount,
        0 as insurance_payment_amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from plans
    cross join settings
    where
        plans.completed_amount <> 0
        and (
            settings.credits_completed_amounts
            or (
                settings.credits_completed_insurance_amounts
                and plans.insurance_plan_id is not null
            )
        )

),

plan_debit_entries as (

    select
        'plan_debit' as entry_kind,
        charges.payment_plan_charge_id as source_id,
        charges.guarantor_id as patient_id,
        charges.provider_id,
        charges.clinic_id,
        charges.charge_on as entry_on,
        -- The plans of insurers, and plans that are gone, owe nothing to the account.
        case
            when plans.payment_plan_id is not null and plans.insurance_plan_id is null
                then charges.principal_amount + charges.interest_amount
            else 0
        end as amount,
        0 as insurance_payment_amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from charges
    cross join settings
    left join plans
        on charges.payment_plan_id = plans.payment_plan_id
    where
        settings.ages_debits
        and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}

),

plan_credit_entries as (

    select
        'plan_credit' as entry_kind,
        charges.payment_plan_charge_id as source_id,
        -- With debits, the account of the plan; without, that of the charge, whatever its plan.
        case when settings.ages_debits then plans.patient_id else charges.patient_id end
            as patient_id,
        charges.provider_id,
        charges.clinic_id,
        charges.charge_on as entry_on,
        -charges.principal_amount as amount,
        0 as insurance_payment_amount,
        charges.procedure_id as tied_procedure_id,
        credited_procedures.procedure_on as tied_procedure_on
    from charges
    cross join settings
    left join plans
        on charges.payment_plan_id = plans.payment_plan_id
    left join credited_procedures
        on charges.procedure_id = credited_procedures.procedure_id
    where
        settings.ages_credits
        and (plans.payment_plan_id is not null or not settings.ages_debits)
        and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_credit') }}

),

plan_link_entries as (

    select
        'plan_link' as entry_kind,
        link_credits.payment_plan_link_id as source_id,
        link_credits.patient_id,
        link_credits.provider_id,
        link_credits.clinic_id,
        link_credits.credit_on as entry_on,
        link_credits.credit_amount as amount,
        0 as insurance_payment_amount,
        link_credits.procedure_id as tied_procedure_id,
        case
            when link_credits.procedure_id is not null then {{ dated('link_credits.credit_on') }}
        end as tied_procedure_on
    from link_credits
    cross join settings
    where settings.ages_credits

),

unioned as (

    select * from procedure_entries
    union all
    select * from claim_procedure_entries
    union all
    select * from adjustment_entries
    union all
    select * from payment_entries
    union all
    select * from completed_plan_entries
    union all
    select * from plan_debit_entries
    union all
    select * from plan_credit_entries
    union all
    select * from plan_link_entries

),

entries as (

    select
        unioned.entry_kind,
        unioned.source_id,
        unioned.patient_id,
        families.guarantor_id,
        unioned.provider_id,
        unioned.clinic_id,
        unioned.entry_on,
        unioned.amount,
        unioned.insurance_payment_amount,
        unioned.tied_procedure_id,
        unioned.tied_procedure_on,
        case
            when families.patient_id is null then 'the patient is missing'
            when families.guarantor_id is null then 'the guarantor of the family is missing'
        end as quality_reason
    from unioned
    left join families
        on unioned.patient_id = families.patient_id

)

select * from entries
