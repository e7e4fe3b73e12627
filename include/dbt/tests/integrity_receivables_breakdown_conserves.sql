-- Every column of the report is, for either date of write-offs, the sum of its source rows.
with settings as (

    select {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits
    from {{ ref('int_preferences_pivoted') }}

),

procedures as (

    select coalesce(sum(fee_amount), 0) as production_amount
    from {{ ref('stg_open_dental__procedures') }}
    where {{ has_flag('procedure_status_code', 'ProcStat', 'is_completed') }}

),

charges as (

    select
        coalesce(sum(held.principal_amount) filter (
            where {{ has_flag('held.charge_type_code', 'PayPlanChargeType', 'is_credit') }}
        ), 0) as credit_amount,
        coalesce(sum(held.principal_amount + held.interest_amount) filter (
            where {{ has_flag('held.charge_type_code', 'PayPlanChargeType', 'is_debit') }}
        ), 0) as charge_amount
    from {{ ref('stg_open_dental__payment_plan_charges') }} as held
    cross join settings
    where settings.ages_debits

),

links as (

    select coalesce(sum(held.computed_amount), 0) as link_credit_amount
    from {{ ref('int_payment_plan_links_computed') }} as held
    cross join settings
    where settings.ages_debits and held.payment_plan_id is not null

),

adjustments as (

    select coalesce(sum(adjustment_amount), 0) as adjustment_amount
    from {{ ref('stg_open_dental__adjustments') }}

),

splits as (

    select coalesce(sum(held.split_amount), 0) as split_amount
    from {{ ref('int_payment_splits_classified') }} as held
    cross join settings
    where not held.is_hidden_unearned and (held.payment_plan_id is null or settings.ages_debits)

),

claim_procedures as (

    select
        coalesce(sum(held.insurance_pay_amount) filter (
            where
            {{ has_flag(
                'held.claim_procedure_status_code', 'ClaimProcStatus', 'is_insurance_paid'
            ) }}
            and (held.payment_plan_id is null or settings.ages_debits)
        ), 0) as insurance_payment_amount,
        coalesce(sum(held.writeoff_amount) filter (
            where
            {{ has_flag(
                'held.claim_procedure_status_code', 'ClaimProcStatus', 'is_insurance_paid'
            ) }}
        ), 0) as paid_writeoff_amount,
        coalesce(sum(held.writeoff_amount), 0) as writeoff_amount
    from {{ ref('stg_open_dental__claim_procedures') }} as held
    cross join settings
    where {{ has_flag('held.claim_procedure_status_code', 'ClaimProcStatus', 'is_in_ledger') }}

),

bases as (

    select unnest(array['pay_date', 'procedure_date']) as date_basis

),

mart as (

    select
        bases.date_basis,
        coalesce(sum(held.production_amount), 0) as production_amount,
        coalesce(sum(held.payment_plan_credit_amount), 0) as payment_plan_credit_amount,
        coalesce(sum(held.payment_plan_link_credit_amount), 0) as payment_plan_link_credit_amount,
        coalesce(sum(held.payment_plan_charge_amount), 0) as payment_plan_charge_amount,
        coalesce(sum(held.adjustment_amount), 0) as adjustment_amount,
        coalesce(sum(held.writeoff_amount), 0) as writeoff_amount,
        coalesce(sum(held.patient_payment_amount), 0) as patient_payment_amount,
        coalesce(sum(held.insurance_payment_amount), 0) as insurance_payment_amount
    from bases
    left join {{ ref('od_receivables_breakdown') }} as held
        on bases.date_basis = held.date_basis
    group by bases.date_basis

)

select mart.date_basis
from mart
cross join procedures
cross join charges
cross join links
cross join adjustments
cross join splits
cross join claim_procedures
where
    mart.production_amount <> procedures.production_amount
    or mart.payment_plan_credit_amount <> charges.credit_amount
    or mart.payment_plan_link_credit_amount <> links.link_credit_amount
    or mart.payment_plan_charge_amount <> charges.charge_amount
    or mart.adjustment_amount <> adjustments.adjustment_amount
    or mart.patient_payment_amount <> splits.split_amount
    or mart.insurance_payment_amount <> claim_procedures.insurance_payment_amount
    or mart.writeoff_amount <> case
        when mart.date_basis = 'pay_date' then claim_procedures.paid_writeoff_amount
        else claim_procedures.writeoff_amount
    end
