{{ config(indexes=[{'columns': ['date_basis', 'business_on']}]) }}

with settings as (

    select
        is_aging_lifo,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits
    from {{ ref('int_preferences_pivoted') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

charges as not materialized (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

links as (

    select * from {{ ref('int_payment_plan_links_computed') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

-- One pass for both bases: what is paid goes by one date, what is written off by one or the other.
claim_procedures_summed as (

    select
        claim_procedures.claim_procedure_on,
        claim_procedures.procedure_on,
        claim_procedures.provider_id,
        sum(claim_procedures.insurance_pay_amount) filter (
            where
            claim_procedures.is_insurance_paid
            and (claim_procedures.payment_plan_id is null or settings.ages_debits)
        ) as insurance_payment_amount,
        sum(claim_procedures.writeoff_amount) filter (
            where claim_procedures.is_insurance_paid
        ) as paid_writeoff_amount,
        sum(claim_procedures.writeoff_amount) as writeoff_amount
    from claim_procedures
    cross join settings
    where claim_procedures.is_in_ledger
    group by
        claim_procedures.claim_procedure_on,
        claim_procedures.procedure_on,
        claim_procedures.provider_id

),

-- A basis of null is both.
components as (

    select
        null as date_basis,
        procedure_on as business_on,
        provider_id,
        'production' as component,
        fee_amount as amount
    from procedures
    where {{ has_flag('procedure_status_code', 'ProcStat', 'is_completed') }}

    union all

    select
        null as date_basis,
        charges.charge_on as business_on,
        charges.provider_id,
        'payment_plan_credit' as component,
        charges.principal_amount as amount
    from charges
    cross join settings
    where
        settings.ages_debits
        and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_credit') }}

    union all

    select
        null as date_basis,
        links.item_on as business_on,
        links.provider_id,
        'payment_plan_link_credit' as component,
        links.computed_amount as amount
    from links
    cross join settings
    where settings.ages_debits and links.payment_plan_id is not null

    union all

    select
        null as date_basis,
        charges.charge_on as business_on,
        charges.provider_id,
        'payment_plan_charge' as component,
        charges.principal_amount + charges.interest_amount as amount
    from charges
    cross join settings
    where
        settings.ages_debits
        and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}

    union all

    select
        null as date_basis,
        case
            when
                settings.is_aging_lifo
                and adjustments.procedure_id is not null
                and adjustments.adjustment_amount < 0
                then adjustments.procedure_on
            else adjustments.adjustment_on
        end as business_on,
        adjustments.provider_id,
        'adjustment' as component,
        adjustments.adjustment_amount as amount
    from adjustments
    cross join settings

    union all

    select
        null as date_basis,
        splits.paid_on as business_on,
        splits.provider_id,
        'patient_payment' as component,
        splits.split_amount as amount
    from splits
    cross join settings
    where
        not splits.is_hidden_unearned
        and (splits.payment_plan_id is null or settings.ages_debits)

    union all

    select
        null as date_basis,
        claim_procedure_on as business_on,
        provider_id,
        'insurance_payment' as component,
        insurance_payment_amount as amount
    from claim_procedures_summed

    union all

    select
        'pay_date' as date_basis,
        claim_procedure_on as business_on,
        provider_id,
        'writeoff' as component,
        paid_writeoff_amount as amount
    from claim_procedures_summed

    union all

    select
        'procedure_date' as date_basis,
        procedure_on as business_on,
        provider_id,
        'writeoff' as component,
        writeoff_amount as amount
    from claim_procedures_summed

),

summed as (

    select
        date_basis,
        business_on,
        provider_id,
        component,
        sum(amount) as amount
    from components
    where amount is not null
    group by business_on, provider_id, date_basis, component

),

bases as (

    select unnest(array['pay_date', 'procedure_date']) as date_basis

),

pivoted as (

    select
        bases.date_basis,
        summed.business_on,
        summed.provider_id,
        coalesce(sum(summed.amount) filter (where summed.component = 'production'), 0)
            as production_amount,
        coalesce(sum(summed.amount) filter (where summed.component = 'payment_plan_credit'), 0)
            as payment_plan_credit_amount,
        coalesce(sum(summed.amount) filter (where summed.component = 'payment_plan_link_credit'), 0)
            as payment_plan_link_credit_amount,
        coalesce(sum(summed.amount) filter (where summed.component = 'payment_plan_charge'), 0)
            as payment_plan_charge_amount,
        coalesce(sum(summed.amount) filter (where summed.component = 'adjustment'), 0)
            as adjustment_amount,
        coalesce(sum(summed.amount) filter (where summed.component = 'writeoff'), 0)
            as writeoff_amount,
        coalesce(sum(summed.amount) filter (where summed.component = 'patient_payment'), 0)
            as patient_payment_amount,
        coalesce(sum(summed.amount) filter (where summed.component = 'insurance_payment'), 0)
            as insurance_payment_amount
    from summed
    inner join bases
        on summed.date_basis is null or summed.date_basis = bases.date_basis
    group by summed.business_on, summed.provider_id, bases.date_basis

),

final as (

    select
        {{ text_key(['date_basis', 'business_on', 'provider_id']) }} as receivables_breakdown_id,
        date_basis,
        business_on,
        provider_id,
        production_amount,
        payment_plan_credit_amount,
        payment_plan_link_credit_amount,
        payment_plan_charge_amount,
        adjustment_amount,
        writeoff_amount,
        patient_payment_amount,
        insurance_payment_amount,
        production_amount
        - payment_plan_credit_amount
        - payment_plan_link_credit_amount
        + payment_plan_charge_amount
        + adjustment_amount
        - writeoff_amount
        - patient_payment_amount
        - insurance_payment_amount as daily_change_amount,
        {{ quality_reason([
            ('business_on is null', 'no date'),
        ]) }} as quality_reason
    from pivoted

)

select * from final
