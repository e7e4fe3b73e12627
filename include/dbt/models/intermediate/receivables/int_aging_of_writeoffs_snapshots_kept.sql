with balances as (

    select * from {{ ref('int_family_balances_aged') }}
    where is_writeoff_aged

),

estimates as (

    select * from {{ ref('int_insurance_estimates_opened') }}

),

days as (

    select * from {{ ref('int_snapshot_days_listed') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

-- Who has an estimate has a claim procedure on the account, and so a balance.
families as (

    select
        balances.as_of_on,
        balances.guarantor_id,
        balances.balance_0_30_amount,
        balances.balance_31_60_amount,
        balances.balance_61_90_amount,
        balances.balance_over_90_amount,
        balances.balance_total_amount,
        {{ aging_amount('estimates.insurance_pay_estimate_amount') }}
            as insurance_pay_estimate_amount,
        {{ aging_amount('estimates.writeoff_change_estimate_amount') }}
            as insurance_writeoff_estimate_amount
    from balances
    left join estimates
        on
            balances.as_of_on = estimates.as_of_on
            and balances.guarantor_id = estimates.guarantor_id

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
        {{ quality_reason([
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

)

select * from final
