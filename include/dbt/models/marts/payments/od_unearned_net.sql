with splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

families as (

    select * from {{ ref('int_unearned_summed') }}

),

unpaid_procedures as (

    select * from {{ ref('int_procedures_remaining') }}

),

aging as (

    select * from {{ ref('od_aging') }}

),

families_alone as (

    select * from {{ ref('int_families_aged_alone') }}

),

unearned as (

    select
        patient_id,
        sum(split_amount) as unearned_amount
    from splits
    where split_kind = 'unearned'
    group by patient_id

),

unpaid_families as (

    select distinct family_id
    from unpaid_procedures
    where remaining_amount > 0.005

),

valued as (

    select
        unearned.patient_id,
        families.guarantor_id,
        patients.primary_provider_id,
        patients.clinic_id,
        unearned.unearned_amount,
        -- As of today, in a run for the family alone.
        round(
            coalesce(aging.balance_total_amount, 0)
            + coalesce(families_alone.balance_difference_amount, 0), 3
        ) as family_balance_amount,
        unpaid_families.family_id is not null as has_unpaid_procedure
    from unearned
    inner join patients
        on unearned.patient_id = patients.patient_id
    inner join families
        on patients.guarantor_id = families.guarantor_id
    left join unpaid_families
        on coalesce(families.family_id, 0) = unpaid_families.family_id
    left join aging
        on
            families.guarantor_id = aging.guarantor_id
            and aging.as_of_on = {{ office_today() }}
    left join families_alone
        on families.guarantor_id = families_alone.guarantor_id

),

final as (

    select
        patient_id,
        guarantor_id,
        primary_provider_id,
        clinic_id,
        unearned_amount,
        family_balance_amount,
        has_unpaid_procedure,
        not has_unpaid_procedure as is_in_default_report,
        null::text as quality_reason
    from valued

)

select * from final
