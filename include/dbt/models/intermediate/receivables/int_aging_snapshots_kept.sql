with balances as (

    select * from {{ ref('int_family_balances_aged') }}
    where not is_writeoff_aged

),

estimates as (

    select * from {{ ref('int_insurance_estimates_opened') }}

),

plans as (

    select * from {{ ref('int_payment_plans_owed') }}

),

days as (

    select * from {{ ref('int_snapshot_days_listed') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

families as (

    select
        as_of_on,
        guarantor_id,
        coalesce(balances.balance_0_30_amount, 0) as balance_0_30_amount,
        coalesce(balances.balance_31_60_amount, 0) as balance_31_60_amount,
        coalesce(balances.balance_61_90_amount, 0) as balance_61_90_amount,
        coalesce(balances.balance_over_90_amount, 0) as balance_over_90_amount,
        coalesce(balances.balance_total_amount, 0) as balance_total_amount,
        {{ aging_amount('estimates.insurance_pay_estimate_amount') }}
            as insurance_pay_estimate_amount,
        {{ aging_amount('estimates.writeoff_estimate_amount') }}
            as insurance_writeoff_estimate_amount,
        {{ aging_amount('plans.payment_plan_due_amount') }} as payment_plan_due_amount,
        coalesce(balances.unapplied_credit_amount, 0) as unapplied_credit_amount,
        coalesce(balances.future_amount, 0) as future_amount,
        coalesce(balances.undated_amount, 0) as undated_amount,
        balances.last_payment_on
    from balances
    full outer join estimates using (as_of_on, guarantor_id)
    full outer join plans using (as_of_on, guarantor_id)

),

final as (

    select
        families.as_of_on || '-' || families.guarantor_id as aging_id,
        families.as_of_on,
        families.guarantor_id,
        days.is_historic,
        days.is_historic as is_recomputed,
        families.balance_0_30_amount,
        families.balance_31_60_amount,
        families.balance_61_90_amount,
        families.balance_over_90_amount,
        families.balance_total_amount,
        families.insurance_pay_estimate_amount,
        families.insurance_writeoff_estimate_amount,
        families.balance_total_amount
        - families.insurance_pay_estimate_amount
        - families.insurance_writeoff_estimate_amount as patient_portion_amount,
        families.payment_plan_due_amount,
        families.unapplied_credit_amount,
        families.future_amount,
        families.undated_amount,
        families.last_payment_on,
        patients.billing_type_id,
        patients.primary_provider_id,
        patients.clinic_id,
        greatest(
            families.balance_0_30_amount,
            families.balance_31_60_amount,
            families.balance_61_90_amount,
            families.balance_over_90_amount
        ) >= 0.005 as is_in_default_report,
        {{ quality_reason([
            ('families.undated_amount <> 0', 'credits name a procedure that is missing'),
            ('patients.guarantor_id is distinct from patients.patient_id',
             'the guarantor belongs to another family'),
        ]) }} as quality_reason
    from families
    inner join days
        on families.as_of_on = days.as_of_on
    inner join patients
        on families.guarantor_id = patients.patient_id
    where
        families.balance_0_30_amount <> 0
        or families.balance_31_60_amount <> 0
        or families.balance_61_90_amount <> 0
        or families.balance_over_90_amount <> 0
        or families.balance_total_amount <> 0
        or families.insurance_pay_estimate_amount <> 0
        or families.insurance_writeoff_estimate_amount <> 0
        or families.payment_plan_due_amount <> 0
        or families.unapplied_credit_amount <> 0
        or families.future_amount <> 0
        or families.undated_amount <> 0

)

select * from final
