with aged_items as (

    select * from {{ ref('int_ledger_entries_bucketed') }}

),

estimates as (

    select * from {{ ref('int_insurance_estimates_opened') }}

),

plans as (

    select * from {{ ref('int_payment_plans_owed') }}

),

patients as (

    select * from {{ ref('int_patients_assigned') }}

),

-- What falls into each bucket, what is credit, and what lies in the future.
family_amounts as (

    select
        guarantor_id,
        coalesce(sum(amount) filter (where bucket = '0_30' and (is_tied or amount > 0)), 0)
            as net_0_30,
        coalesce(sum(amount) filter (where bucket = '31_60' and (is_tied or amount > 0)), 0)
            as net_31_60,
        coalesce(sum(amount) filter (where bucket = '61_90' and (is_tied or amount > 0)), 0)
            as net_61_90,
        coalesce(sum(amount) filter (where bucket = 'over_90' and (is_tied or amount > 0)), 0)
            as net_over_90,
        coalesce(-sum(amount) filter (where bucket <> 'future' and not is_tied and amount < 0), 0)
            as untied_credit,
        coalesce(sum(amount) filter (where bucket = 'future'), 0) as future_amount,
        sum(amount) as balance_total
    from aged_items
    group by guarantor_id

),

-- A bucket below zero becomes zero, and what it was short of joins the credits.
family_charges as (

    select
        guarantor_id,
        future_amount,
        balance_total,
        greatest(net_0_30, 0) as charge_0_30,
        greatest(net_31_60, 0) as charge_31_60,
        greatest(net_61_90, 0) as charge_61_90,
        greatest(net_over_90, 0) as charge_over_90,
        untied_credit
        - least(net_0_30, 0)
        - least(net_31_60, 0)
        - least(net_61_90, 0)
        - least(net_over_90, 0) as credit
    from family_amounts

),

-- Credit pays the oldest bucket first.
family_buckets as (

    select
        guarantor_id,
        future_amount,
        balance_total,
        greatest(charge_over_90 - credit, 0) as balance_over_90,
        greatest(charge_61_90 - greatest(credit - charge_over_90, 0), 0) as balance_61_90,
        greatest(charge_31_60 - greatest(credit - charge_over_90 - charge_61_90, 0), 0)
            as balance_31_60,
        greatest(
            charge_0_30 - greatest(credit - charge_over_90 - charge_61_90 - charge_31_60, 0), 0
        ) as balance_0_30,
        greatest(credit - charge_over_90 - charge_61_90 - charge_31_60 - charge_0_30, 0)
            as unapplied_credit
    from family_charges

),

family_estimates as (

    select
        coalesce(patients.guarantor_id, estimates.patient_id, 0) as guarantor_id,
        sum(estimates.insurance_pay_estimate_amount) as insurance_pay_estimate_amount,
        sum(estimates.writeoff_estimate_amount) as insurance_writeoff_estimate_amount
    from estimates
    left join patients
        on estimates.patient_id = patients.patient_id
    group by coalesce(patients.guarantor_id, estimates.patient_id, 0)

),

family_plans as (

    select
        coalesce(patients.guarantor_id, plans.patient_id, 0) as guarantor_id,
        sum(plans.payment_plan_due_amount) as payment_plan_due_amount
    from plans
    left join patients
        on plans.patient_id = patients.patient_id
    group by coalesce(patients.guarantor_id, plans.patient_id, 0)

),

guarantors as (

    select guarantor_id from patients
    union
    select guarantor_id from family_buckets
    union
    select guarantor_id from family_estimates
    union
    select guarantor_id from family_plans

),

aged as (

    select
        guarantors.guarantor_id,
        {{ as_of_date() }} as as_of_on,
        {{ as_of_date() }} <> {{ office_today() }} as is_historic,
        {{ aging_amount('family_buckets.balance_0_30') }} as balance_0_30_amount,
        {{ aging_amount('family_buckets.balance_31_60') }} as balance_31_60_amount,
        {{ aging_amount('family_buckets.balance_61_90') }} as balance_61_90_amount,
        {{ aging_amount('family_buckets.balance_over_90') }} as balance_over_90_amount,
        {{ aging_amount('family_buckets.balance_total') }} as balance_total_amount,
        {{ aging_amount('family_buckets.unapplied_credit') }} as unapplied_credit_amount,
        {{ aging_amount('family_buckets.future_amount') }} as future_amount,
        {{ aging_amount('family_estimates.insurance_pay_estimate_amount') }}
            as insurance_pay_estimate_amount,
        {{ aging_amount('family_estimates.insurance_writeoff_estimate_amount') }}
            as insurance_writeoff_estimate_amount,
        {{ aging_amount('family_plans.payment_plan_due_amount') }} as payment_plan_due_amount,
        case when patients.patient_id is null then 'guarantor is no patient' end as quality_reason
    from guarantors
    left join family_buckets
        on guarantors.guarantor_id = family_buckets.guarantor_id
    left join family_estimates
        on guarantors.guarantor_id = family_estimates.guarantor_id
    left join family_plans
        on guarantors.guarantor_id = family_plans.guarantor_id
    left join patients
        on guarantors.guarantor_id = patients.patient_id

),

final as (

    select
        guarantor_id,
        as_of_on,
        is_historic,
        balance_0_30_amount,
        balance_31_60_amount,
        balance_61_90_amount,
        balance_over_90_amount,
        balance_total_amount,
        insurance_pay_estimate_amount,
        insurance_writeoff_estimate_amount,
        balance_total_amount - insurance_pay_estimate_amount - insurance_writeoff_estimate_amount
            as patient_portion_amount,
        payment_plan_due_amount,
        unapplied_credit_amount,
        future_amount,
        quality_reason
    from aged

)

select * from final
