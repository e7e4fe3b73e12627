-- Today both parts of a family with an account make its balance, and the details make the insurance
-- part but for what is too small to be listed.
with insurance as (

    select
        days.as_of_on,
        coalesce(
            sum(kept.patient_total_amount + kept.insurance_total_amount), 0
        ) as account_amount,
        coalesce(sum(kept.insurance_total_amount), 0) as insurance_amount
    from {{ ref('int_snapshot_days_listed') }} as days
    left join {{ ref('od_insurance_aging') }} as kept
        on days.as_of_on = kept.as_of_on
    where not days.is_historic
    group by days.as_of_on

),

aging as (

    select
        days.as_of_on,
        coalesce(sum(kept.balance_total_amount), 0) as account_amount
    from {{ ref('int_snapshot_days_listed') }} as days
    left join {{ ref('od_aging_writeoffs_aged') }} as kept
        on days.as_of_on = kept.as_of_on
    group by days.as_of_on

),

details as (

    select
        days.as_of_on,
        coalesce(sum(kept.insurance_total_amount), 0) as insurance_amount
    from {{ ref('int_snapshot_days_listed') }} as days
    left join {{ ref('od_insurance_aging_details') }} as kept
        on days.as_of_on = kept.as_of_on
    group by days.as_of_on

),

open_claims as (

    select 0.01 * count(*) as tolerance
    from {{ ref('int_open_claims_aged') }}

)

select insurance.as_of_on
from insurance
inner join aging
    on insurance.as_of_on = aging.as_of_on
inner join details
    on insurance.as_of_on = details.as_of_on
cross join open_claims
where
    insurance.account_amount <> aging.account_amount
    or abs(insurance.insurance_amount - details.insurance_amount) > open_claims.tolerance
