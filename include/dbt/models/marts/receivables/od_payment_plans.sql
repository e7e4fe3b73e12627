{{ config(indexes=[{'columns': ['plan_on']}]) }}

with plans as (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

charges as not materialized (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

links as (

    select * from {{ ref('int_payment_plan_links_split') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

settings as (

    select {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits
    from {{ ref('int_preferences_pivoted') }}

),

debits as (

    select
        payment_plan_id,
        sum(principal_amount) as principal_amount,
        coalesce(
            sum(interest_amount) filter (
                where charge_on is null or charge_on <= {{ office_today() }}
            ), 0
        ) as accumulated_interest_amount,
        coalesce(
            sum(principal_amount + interest_amount) filter (
                where charge_on is null or charge_on <= {{ office_today() }}
            ), 0
        ) as charged_amount
    from charges
    where {{ has_flag('charge_type_code', 'PayPlanChargeType', 'is_debit') }}
    group by payment_plan_id

),

-- Of several charges, or links, the report takes any one for provider and clinic: here the first.
first_charges as (

    select distinct on (payment_plan_id)
        payment_plan_id,
        provider_id,
        clinic_id
    from charges
    where payment_plan_id is not null
    order by payment_plan_id asc, payment_plan_charge_id asc

),

first_links as (

    select distinct on (payment_plan_id)
        payment_plan_id,
        provider_id,
        clinic_id
    from links
    where has_item and payment_plan_id is not null
    order by payment_plan_id asc, payment_plan_link_id asc

),

financed as (

    select
        payment_plan_id,
        round(
            sum(
                case
                    when override_amount <> 0 then override_amount
                    else financed_amount - paid_outside_amount
                end
            ), 2
        ) as principal_amount
    from links
    group by payment_plan_id

),

payments_of_patients as (

    select
        payment_plan_id,
        sum(split_amount) as amount
    from splits
    where payment_plan_id is not null and not is_hidden_unearned
    group by payment_plan_id

),

payments_of_insurers as (

    select
        payment_plan_id,
        sum(insurance_pay_amount) as amount
    from claim_procedures
    where payment_plan_id is not null and is_claim_paid
    group by payment_plan_id

),

-- Whoever answers for the plan, or its patient; that person's family has a stored balance.
valued as (

    select
        plans.payment_plan_id,
        plans.plan_on,
        plans.patient_id,
        coalesce(guarantors.patient_id, plans.patient_id) as guarantor_id,
        plans.guarantor_id is not null and guarantors.patient_id is null as is_without_guarantor,
        plans.insurance_plan_id is not null as is_insurance_plan,
        plans.is_dynamic,
        plans.is_closed,
        case
            when first_charges.payment_plan_id is not null then first_charges.provider_id
            when plans.is_dynamic then first_links.provider_id
        end as provider_id,
        case
            when first_charges.payment_plan_id is not null then first_charges.clinic_id
            when plans.is_dynamic then first_links.clinic_id
        end as clinic_id,
        coalesce(
            case
                when plans.is_dynamic then financed.principal_amount
                else debits.principal_amount
            end, 0
        ) as principal_amount,
        coalesce(debits.accumulated_interest_amount, 0) as accumulated_interest_amount,
        coalesce(debits.charged_amount, 0) as charged_amount,
        coalesce(
            case
                when plans.insurance_plan_id is null then payments_of_patients.amount
                else payments_of_insurers.amount
            end, 0
        ) as paid_amount
    from plans
    inner join patients
        on plans.patient_id = patients.patient_id
    left join patients as guarantors
        on plans.guarantor_id = guarantors.patient_id
    left join debits
        on plans.payment_plan_id = debits.payment_plan_id
    left join first_charges
        on plans.payment_plan_id = first_charges.payment_plan_id
    left join first_links
        on plans.payment_plan_id = first_links.payment_plan_id
    left join financed
        on plans.payment_plan_id = financed.payment_plan_id
    left join payments_of_patients
        on plans.payment_plan_id = payments_of_patients.payment_plan_id
    left join payments_of_insurers
        on plans.payment_plan_id = payments_of_insurers.payment_plan_id

),

final as (

    select
        valued.payment_plan_id,
        {{ office_today() }} as as_of_on,
        valued.plan_on,
        valued.patient_id,
        valued.guarantor_id,
        valued.provider_id,
        valued.clinic_id,
        valued.is_insurance_plan,
        valued.is_dynamic,
        valued.is_closed,
        valued.principal_amount,
        valued.accumulated_interest_amount,
        valued.paid_amount,
        valued.principal_amount + valued.accumulated_interest_amount - valued.paid_amount
            as balance_amount,
        valued.charged_amount - valued.paid_amount as due_amount,
        case
            when settings.ages_debits
                then
                    valued.principal_amount
                    + valued.accumulated_interest_amount
                    - valued.charged_amount
        end as not_due_amount,
        heads.balance_total_amount - heads.insurance_estimate_amount as family_balance_amount,
        not valued.is_closed as is_in_default_report,
        {{ quality_reason([
            ('valued.plan_on is null', 'no date'),
            ('valued.is_without_guarantor', 'no such guarantor'),
        ]) }} as quality_reason
    from valued
    cross join settings
    left join patients as guarantors
        on valued.guarantor_id = guarantors.patient_id
    left join patients as heads
        on guarantors.guarantor_id = heads.patient_id

)

select * from final
