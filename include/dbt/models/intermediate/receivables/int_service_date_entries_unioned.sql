{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot']},
    indexes=[
        {'columns': ['patient_id']},
        {'columns': ['guarantor_id']},
    ],
) }}

with settings as (

    select
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_credits') }} as ages_credits,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'credits_completed_amounts') }}
            as credits_completed_amounts
    from {{ ref('int_preferences_pivoted') }}

),

procedures as not materialized (

    select * from {{ ref('stg_open_dental__procedures') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

adjustments as not materialized (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

splits as not materialized (

    select * from {{ ref('stg_open_dental__payment_splits') }}

),

claim_procedures as not materialized (

    select * from {{ ref('int_claim_procedures_classified') }}

),

plans as not materialized (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

charges as (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

links as (

    select * from {{ ref('int_payment_plan_links_computed') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

-- What stands beside a procedure, from its own tables.
credits as (

    select
        procedure_id,
        -adjustment_amount as procedure_credit_amount,
        0 as insurance_credit_amount,
        0 as capitation_writeoff_amount
    from adjustments
    where procedure_id is not null

    union all

    select
        procedure_id,
        split_amount as procedure_credit_amount,
        0 as insurance_credit_amount,
        0 as capitation_writeoff_amount
    from splits
    where procedure_id is not null

    union all

    select
        procedure_id,
        case when is_claim_paid then writeoff_amount + insurance_pay_amount else 0 end
            as procedure_credit_amount,
        case when is_not_received then writeoff_amount + insurance_pay_estimate_amount else 0 end
            as insurance_credit_amount,
        case when is_capitation_completed then writeoff_amount else 0 end
            as capitation_writeoff_amount
    from claim_procedures
    where procedure_id is not null and is_in_ledger

),

credits_of_procedures as (

    select
        procedure_id,
        sum(procedure_credit_amount) as procedure_credit_amount,
        sum(insurance_credit_amount) as insurance_credit_amount,
        sum(capitation_writeoff_amount) as capitation_writeoff_amount
    from credits
    group by procedure_id

),

procedure_entries as (

    select
        'procedure' as entry_type,
        procedures.procedure_id as source_id,
        procedures.patient_id,
        procedures.procedure_on as service_on,
        null::date as transaction_on,
        procedures.procedure_id,
        procedures.provider_id,
        procedures.fee_amount
        - coalesce(credits_of_procedures.capitation_writeoff_amount, 0) as charge_amount,
        0 as credit_amount,
        coalesce(credits_of_procedures.procedure_credit_amount, 0) as procedure_credit_amount,
        coalesce(credits_of_procedures.insurance_credit_amount, 0) as insurance_credit_amount,
        true as is_allocated
    from procedures
    inner join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    left join credits_of_procedures
        on procedures.procedure_id = credits_of_procedures.procedure_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}

),

adjustment_entries as (

    select
        'adjustment' as entry_type,
        adjustment_id as source_id,
        patient_id,
        coalesce(procedure_on, adjustment_on) as service_on,
        adjustment_on as transaction_on,
        procedure_id,
        provider_id,
        greatest(adjustment_amount, 0) as charge_amount,
        greatest(-adjustment_amount, 0) as credit_amount,
        0 as procedure_credit_amount,
        0 as insurance_credit_amount,
        procedure_id is not null as is_allocated
    from adjustments

),

payment_entries as (

    select
        'patient_payment' as entry_type,
        splits.payment_split_id as source_id,
        splits.patient_id,
        case
            when procedures.procedure_id is not null then procedures.procedure_on
            else splits.paid_on
        end as service_on,
        splits.paid_on as transaction_on,
        splits.procedure_id,
        splits.provider_id,
        0 as charge_amount,
        splits.split_amount as credit_amount,
        0 as procedure_credit_amount,
        0 as insurance_credit_amount,
        splits.procedure_id is not null as is_allocated
    from splits
    cross join settings
    left join procedures
        on splits.procedure_id = procedures.procedure_id
    where settings.ages_debits or splits.payment_plan_id is null

),

insurance_payment_entries as (

    select
        'insurance_payment' as entry_type,
        claim_procedure_id as source_id,
        patient_id,
        case when procedure_id is null then claim_procedure_on else procedure_on end as service_on,
        claim_procedure_on as transaction_on,
        procedure_id,
        provider_id,
        0 as charge_amount,
        insurance_pay_amount as credit_amount,
        0 as procedure_credit_amount,
        0 as insurance_credit_amount,
        procedure_id is not null as is_allocated
    from claim_procedures
    where is_claim_paid and payment_plan_id is null and insurance_pay_amount <> 0

),

-- What is expected to be written off is shown, and credited beside its procedure.
writeoff_entries as (

    select
        'writeoff' as entry_type,
        claim_procedure_id as source_id,
        patient_id,
        case when procedure_id is null then claim_procedure_on else procedure_on end as service_on,
        claim_procedure_on as transaction_on,
        procedure_id,
        provider_id,
        0 as charge_amount,
        case when is_received then writeoff_amount else 0 end as credit_amount,
        0 as procedure_credit_amount,
        0 as insurance_credit_amount,
        procedure_id is not null as is_allocated
    from claim_procedures
    where (is_received and abs(writeoff_amount) > 0.005) or is_not_received

),

completed_plan_entries as (

    select
        'payment_plan' as entry_type,
        plans.payment_plan_id as source_id,
        plans.patient_id,
        plans.plan_on as service_on,
        plans.plan_on as transaction_on,
        null::bigint as procedure_id,
        null::bigint as provider_id,
        0 as charge_amount,
        plans.completed_amount as credit_amount,
        0 as procedure_credit_amount,
        0 as insurance_credit_amount,
        false as is_allocated
    from plans
    cross join settings
    where settings.credits_completed_amounts

),

charge_entries as (

    select
        case
            when {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}
                then 'payment_plan_debit'
            else 'payment_plan_credit'
        end as entry_type,
        charges.payment_plan_charge_id as source_id,
        charges.patient_id,
        charges.charge_on as service_on,
        charges.charge_on as transaction_on,
        charges.procedure_id,
        charges.provider_id,
        case
            when {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}
                then charges.principal_amount + charges.interest_amount
            else 0
        end as charge_amount,
        case
            when {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_credit') }}
                then charges.principal_amount
            else 0
        end as credit_amount,
        0 as procedure_credit_amount,
        0 as insurance_credit_amount,
        false as is_allocated
    from charges
    cross join settings
    left join plans
        on charges.payment_plan_id = plans.payment_plan_id
    where
        (
            (
                settings.ages_credits
                and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_credit') }}
            )
            or (
                settings.ages_debits
                and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}
                and plans.payment_plan_id is not null
                and plans.insurance_plan_id is null
            )
        )

),

link_entries as (

    select
        'payment_plan_link' as entry_type,
        links.payment_plan_link_id as source_id,
        links.plan_patient_id as patient_id,
        links.row_entered_at::date as service_on,
        links.row_entered_at::date as transaction_on,
        null::bigint as procedure_id,
        links.provider_id,
        0 as charge_amount,
        case
            when abs(links.override_amount) > 0.005 then links.override_amount
            else links.computed_amount
        end as credit_amount,
        0 as procedure_credit_amount,
        0 as insurance_credit_amount,
        false as is_allocated
    from links
    cross join settings
    where
        settings.ages_credits
        and links.payment_plan_id is not null
        and (links.adjustment_id is null or links.procedure_id is null)

),

entries as (

    select * from procedure_entries
    union all
    select * from adjustment_entries
    union all
    select * from payment_entries
    union all
    select * from insurance_payment_entries
    union all
    select * from writeoff_entries
    union all
    select * from completed_plan_entries
    union all
    select * from charge_entries
    union all
    select * from link_entries

),

final as (

    select
        entries.entry_type || '-' || entries.source_id as service_date_entry_id,
        entries.entry_type,
        entries.patient_id,
        patients.guarantor_id,
        entries.service_on,
        entries.transaction_on,
        entries.procedure_id,
        entries.provider_id,
        entries.charge_amount,
        entries.credit_amount,
        entries.procedure_credit_amount,
        entries.insurance_credit_amount,
        entries.is_allocated
    from entries
    -- The report is of one patient or family.
    inner join patients
        on entries.patient_id = patients.patient_id

)

select * from final
