with claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

days as (

    select * from {{ ref('int_snapshot_days_listed') }}

),

families as (

    select * from {{ ref('int_families_assigned') }}

),

plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

carriers as (

    select * from {{ ref('stg_open_dental__carriers') }}

),

open_claims as (

    select
        days.as_of_on,
        families.guarantor_id,
        claim_procedures.insurance_plan_id,
        {{ dated('claim_procedures.procedure_on') }} as service_on,
        claim_procedures.insurance_pay_estimate_amount as amount
    from claim_procedures
    inner join days
        on
            {{ dated('claim_procedures.procedure_on') }} <= days.as_of_on
            and (
                claim_procedures.is_not_received
                or claim_procedures.claim_procedure_on > days.as_of_on
            )
    inner join families
        on claim_procedures.patient_id = families.patient_id
    where
        (claim_procedures.is_not_received or claim_procedures.is_first_received)
        and families.guarantor_id is not null

),

aged as (

    select
        open_claims.as_of_on,
        open_claims.guarantor_id,
        coalesce(carriers.carrier_name, '') as carrier_name,
        coalesce(plans.group_name, '') as group_name,
        coalesce(
            sum(open_claims.amount) filter (
                where open_claims.service_on >= open_claims.as_of_on - 30
            ), 0
        ) as insurance_0_30_amount,
        coalesce(
            sum(open_claims.amount) filter (
                where
                open_claims.service_on >= open_claims.as_of_on - 60
                and open_claims.service_on < open_claims.as_of_on - 30
            ), 0
        ) as insurance_31_60_amount,
        coalesce(
            sum(open_claims.amount) filter (
                where
                open_claims.service_on >= open_claims.as_of_on - 90
                and open_claims.service_on < open_claims.as_of_on - 60
            ), 0
        ) as insurance_61_90_amount,
        coalesce(
            sum(open_claims.amount) filter (
                where open_claims.service_on < open_claims.as_of_on - 90
            ), 0
        ) as insurance_over_90_amount,
        sum(open_claims.amount) as insurance_total_amount
    from open_claims
    left join plans
        on open_claims.insurance_plan_id = plans.insurance_plan_id
    left join carriers
        on plans.carrier_id = carriers.carrier_id
    group by
        open_claims.as_of_on,
        open_claims.guarantor_id,
        coalesce(carriers.carrier_name, ''),
        coalesce(plans.group_name, '')

)

select * from aged
