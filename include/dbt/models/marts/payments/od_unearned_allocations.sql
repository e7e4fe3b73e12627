with families as (

    select * from {{ ref('int_unearned_summed') }}

),

procedures as (

    select * from {{ ref('int_procedures_remaining') }}

),

aging as (

    select * from {{ ref('od_aging') }}

),

families_alone as (

    select * from {{ ref('int_families_aged_alone') }}

),

-- An empty date is before every other, of the first payment as of a procedure.
allocated as (

    select
        families.guarantor_id,
        procedures.procedure_id,
        procedures.patient_id,
        procedures.procedure_on,
        families.first_unearned_on,
        families.unearned_amount as family_unearned_amount,
        procedures.printed_fee_amount as fee_amount,
        procedures.allocated_remaining_amount as remaining_amount
    from families
    inner join procedures
        on coalesce(families.family_id, 0) = procedures.family_id
    where
        families.has_unearned
        and procedures.allocated_remaining_amount > 0.005
        and (
            families.first_unearned_on is null
            or procedures.procedure_on >= families.first_unearned_on
        )

),

final as (

    select
        {{ text_key(['allocated.guarantor_id', 'allocated.procedure_id']) }}
            as unearned_allocation_id,
        allocated.guarantor_id,
        allocated.procedure_id,
        allocated.patient_id,
        allocated.procedure_on,
        allocated.first_unearned_on,
        -- As of today, in a run for the family alone.
        round(
            coalesce(aging.balance_total_amount, 0)
            + coalesce(families_alone.balance_difference_amount, 0), 3
        ) as family_balance_amount,
        allocated.family_unearned_amount,
        sum(allocated.remaining_amount) over (partition by allocated.guarantor_id)
            as family_remaining_amount,
        allocated.fee_amount,
        allocated.remaining_amount,
        {{ quality_reason([
            ('allocated.procedure_on is null', 'no date'),
            ('allocated.first_unearned_on is null', 'unearned income without a date'),
        ]) }} as quality_reason
    from allocated
    left join aging
        on
            allocated.guarantor_id = aging.guarantor_id
            and aging.as_of_on = {{ office_today() }}
    left join families_alone
        on allocated.guarantor_id = families_alone.guarantor_id

)

select * from final
