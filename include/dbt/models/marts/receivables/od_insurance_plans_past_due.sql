with plans as (

    select *
    from {{ ref('stg_open_dental__payment_plans') }}
    where not is_closed and insurance_plan_id is not null

),

charges as (

    select
        *,
        {{ has_flag('charge_type_code', 'PayPlanChargeType', 'is_debit') }} as is_debit
    from {{ ref('stg_open_dental__payment_plan_charges') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

-- A payment that was taken back has nothing to pay charges with.
payments as (

    select
        payment_plan_id,
        sum(greatest(insurance_pay_amount, 0)) as amount,
        max(claim_procedure_on) as last_payment_on
    from claim_procedures
    where payment_plan_id is not null and is_received
    group by payment_plan_id

),

first_charges as (

    select distinct on (charges.payment_plan_id)
        charges.payment_plan_id,
        charges.provider_id,
        charges.clinic_id
    from charges
    inner join plans
        on charges.payment_plan_id = plans.payment_plan_id
    order by
        charges.payment_plan_id asc,
        charges.charge_on asc nulls first,
        charges.payment_plan_charge_id asc

),

-- Payments pay charge by charge, the interest of each first, until nothing is left of them; a part
-- below zero that they reach gives them more to pay with.
parts as (

    select
        charges.payment_plan_id,
        charges.payment_plan_charge_id,
        charges.charge_on,
        part.number,
        part.amount,
        coalesce(payments.amount, 0) as paid_amount,
        sum(part.amount) over (
            partition by charges.payment_plan_id
            order by
                charges.charge_on asc nulls first,
                charges.payment_plan_charge_id asc,
                part.number asc
        ) as charged_amount
    from charges
    inner join plans
        on charges.payment_plan_id = plans.payment_plan_id
    cross join
        lateral (
            values (1, charges.interest_amount), (2, charges.principal_amount)
        ) as part (number, amount)
    left join payments
        on charges.payment_plan_id = payments.payment_plan_id
    where charges.is_debit

),

reached as (

    select
        *,
        paid_amount - (charged_amount - amount) as left_amount,
        greatest(
            max(charged_amount) over (
                partition by payment_plan_id
                order by charge_on asc nulls first, payment_plan_charge_id asc, number asc
                rows between unbounded preceding and 1 preceding
            ), 0
        ) < paid_amount as is_reached
    from parts

),

unpaid as (

    select
        payment_plan_id,
        charge_on,
        sum(
            case when is_reached then greatest(amount - left_amount, 0) else amount end
        ) as unpaid_amount
    from reached
    group by payment_plan_id, payment_plan_charge_id, charge_on

),

overdue as (

    select
        payment_plan_id,
        count(*) as overdue_count,
        sum(unpaid_amount) as overdue_amount,
        min(coalesce(charge_on, date '0001-01-01')) as overdue_since_on
    from unpaid
    where
        unpaid_amount > 0
        and (charge_on is null or charge_on < {{ office_today() }})
    group by payment_plan_id

),

final as (

    select
        plans.payment_plan_id,
        {{ office_today() }} as as_of_on,
        plans.patient_id,
        insurance_plans.carrier_id,
        first_charges.provider_id,
        first_charges.clinic_id,
        payments.last_payment_on,
        overdue.overdue_count,
        overdue.overdue_amount,
        {{ office_today() }} - overdue.overdue_since_on as days_overdue,
        {{ office_today() }} - overdue.overdue_since_on >= 30
        and coalesce(providers.is_listed_provider, false) as is_in_default_report,
        {{ quality_reason([
            ('insurance_plans.insurance_plan_id is null', 'no such insurance plan'),
            (
                'first_charges.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
        ]) }} as quality_reason
    from plans
    inner join overdue
        on plans.payment_plan_id = overdue.payment_plan_id
    inner join first_charges
        on plans.payment_plan_id = first_charges.payment_plan_id
    left join payments
        on plans.payment_plan_id = payments.payment_plan_id
    left join insurance_plans
        on plans.insurance_plan_id = insurance_plans.insurance_plan_id
    left join providers
        on first_charges.provider_id = providers.provider_id

)

select * from final
