{{ config(materialized='table') }}

with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

claim_procedures as (

    select * from {{ ref('stg_open_dental__claim_procedures') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

plans as (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

charges as (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

link_credits as (

    select * from {{ ref('int_payment_plan_links_credited') }}

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
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from procedures
    where procedure_status_code = 2 and procedure_fee_amount <> 0

),

claim_procedure_entries as (

    select
        'claim_procedure' as entry_kind,
        claim_procedures.claim_procedure_id as source_id,
        claim_procedures.patient_id,
        claim_procedures.provider_id,
        claim_procedures.clinic_id,
        claim_procedures.claim_procedure_on as entry_on,
        -- Insurance money that pays a payment plan is no payment of the account.
        -case
            when claim_procedures.payment_plan_id is null then claim_procedures.insurance_pay_amount
            else 0
        end - claim_procedures.writeoff_amount as amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from claim_procedures
    left join procedures
        on claim_procedures.procedure_id = procedures.procedure_id
    where
        claim_procedures.claim_procedure_status_code in (1, 4, 5, 7)
        and (claim_procedures.procedure_id is null or procedures.procedure_status_code = 2)

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
        procedure_id as tied_procedure_id,
        case when procedure_id is not null then procedure_on end as tied_procedure_on
    from adjustments

),

payment_entries as (

    select
        'patient_payment' as entry_kind,
        payment_split_id as source_id,
        patient_id,
        provider_id,
        clinic_id,
        paid_on as entry_on,
        -split_amount as amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from splits
    where not is_hidden_unearned

),

plan_debit_entries as (

    select
        'plan_debit' as entry_kind,
        charges.payment_plan_charge_id as source_id,
        charges.guarantor_id as patient_id,
        charges.provider_id,
        charges.clinic_id,
        charges.charge_on as entry_on,
        charges.principal_amount + charges.interest_amount as amount,
        null::bigint as tied_procedure_id,
        null::date as tied_procedure_on
    from charges
    inner join plans
        on charges.payment_plan_id = plans.payment_plan_id
    where charges.charge_type_code = 0 and plans.insurance_plan_id is null

),

plan_credit_entries as (

    select
        'plan_credit' as entry_kind,
        charges.payment_plan_charge_id as source_id,
        plans.patient_id,
        charges.provider_id,
        charges.clinic_id,
        charges.charge_on as entry_on,
        -charges.principal_amount as amount,
        charges.procedure_id as tied_procedure_id,
        procedures.procedure_on as tied_procedure_on
    from charges
    inner join plans
        on charges.payment_plan_id = plans.payment_plan_id
    left join procedures
        on charges.procedure_id = procedures.procedure_id
    where charges.charge_type_code = 1

),

plan_link_entries as (

    select
        'plan_link' as entry_kind,
        payment_plan_link_id as source_id,
        patient_id,
        provider_id,
        clinic_id,
        credit_on as entry_on,
        credit_amount as amount,
        procedure_id as tied_procedure_id,
        case when procedure_id is not null then credit_on end as tied_procedure_on
    from link_credits

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
    select * from plan_debit_entries
    union all
    select * from plan_credit_entries
    union all
    select * from plan_link_entries

),

entries as (

    select
        entry_kind || '-' || source_id as ledger_entry_id,
        entry_kind,
        source_id,
        patient_id,
        provider_id,
        clinic_id,
        entry_on,
        amount,
        tied_procedure_id,
        tied_procedure_on
    from unioned
    where amount <> 0

)

select * from entries
