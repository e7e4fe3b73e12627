with open_claims as (

    select * from {{ ref('int_open_claims_aged') }}

),

balances as (

    select * from {{ ref('int_family_balances_aged') }}
    where is_writeoff_aged

),

estimates as (

    select * from {{ ref('int_insurance_estimates_opened') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

family_claims as (

    select
        as_of_on,
        guarantor_id,
        sum(insurance_0_30_amount) as insurance_0_30_amount,
        sum(insurance_31_60_amount) as insurance_31_60_amount,
        sum(insurance_61_90_amount) as insurance_61_90_amount,
        sum(insurance_over_90_amount) as insurance_over_90_amount,
        sum(insurance_total_amount) as insurance_total_amount
    from open_claims
    group by as_of_on, guarantor_id

),

insured as (

    select * from family_claims
    where {{ is_insurance_shown('family_claims') }}

),

accounts as (

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
        {{ aging_amount('estimates.writeoff_change_estimate_amount') }} as writeoff_change_amount
    from balances
    left join estimates
        on
            balances.as_of_on = estimates.as_of_on
            and balances.guarantor_id = estimates.guarantor_id

),

-- A family without an account has no patient part; one without open claims no insurance part, and
-- its patient portion then takes the estimates off.
families as (

    select
        as_of_on,
        guarantor_id,
        coalesce(insured.insurance_0_30_amount, 0) as insurance_0_30_amount,
        coalesce(insured.insurance_31_60_amount, 0) as insurance_31_60_amount,
        coalesce(insured.insurance_61_90_amount, 0) as insurance_61_90_amount,
        coalesce(insured.insurance_over_90_amount, 0) as insurance_over_90_amount,
        coalesce(insured.insurance_total_amount, 0) as insurance_total_amount,
        accounts.balance_0_30_amount - coalesce(insured.insurance_0_30_amount, 0)
            as patient_0_30_amount,
        accounts.balance_31_60_amount - coalesce(insured.insurance_31_60_amount, 0)
            as patient_31_60_amount,
        accounts.balance_61_90_amount - coalesce(insured.insurance_61_90_amount, 0)
            as patient_61_90_amount,
        accounts.balance_over_90_amount - coalesce(insured.insurance_over_90_amount, 0)
            as patient_over_90_amount,
        accounts.balance_total_amount - coalesce(insured.insurance_total_amount, 0)
            as patient_total_amount,
        accounts.writeoff_change_amount,
        accounts.balance_total_amount
        - coalesce(insured.insurance_total_amount, accounts.insurance_pay_estimate_amount)
        - accounts.writeoff_change_amount as patient_portion_amount,
        coalesce(
            accounts.balance_total_amount <= -0.005
            or greatest(
                accounts.balance_0_30_amount,
                accounts.balance_31_60_amount,
                accounts.balance_61_90_amount,
                accounts.balance_over_90_amount
            ) >= 0.005,
            false
        )
        or coalesce(insured.insurance_total_amount, 0) <> 0
        or coalesce(accounts.writeoff_change_amount, 0) <> 0 as is_in_default_report
    from insured
    full outer join accounts using (as_of_on, guarantor_id)

),

final as (

    select
        families.as_of_on || '-' || families.guarantor_id as insurance_aging_id,
        families.as_of_on,
        families.guarantor_id,
        families.insurance_0_30_amount,
        families.insurance_31_60_amount,
        families.insurance_61_90_amount,
        families.insurance_over_90_amount,
        families.insurance_total_amount,
        families.patient_0_30_amount,
        families.patient_31_60_amount,
        families.patient_61_90_amount,
        families.patient_over_90_amount,
        families.patient_total_amount,
        families.writeoff_change_amount,
        families.patient_portion_amount,
        families.is_in_default_report,
        {{ quality_reason([
            ('families.patient_total_amount is null', 'the account has no transactions'),
            ('patients.guarantor_id is distinct from patients.patient_id',
             'the guarantor belongs to another family'),
        ]) }} as quality_reason
    from families
    inner join patients
        on families.guarantor_id = patients.patient_id
    where
        families.insurance_0_30_amount <> 0
        or families.insurance_31_60_amount <> 0
        or families.insurance_61_90_amount <> 0
        or families.insurance_over_90_amount <> 0
        or families.insurance_total_amount <> 0
        or families.patient_0_30_amount <> 0
        or families.patient_31_60_amount <> 0
        or families.patient_61_90_amount <> 0
        or families.patient_over_90_amount <> 0
        or families.patient_total_amount <> 0
        or families.writeoff_change_amount <> 0
        or families.patient_portion_amount <> 0

)

select * from final
