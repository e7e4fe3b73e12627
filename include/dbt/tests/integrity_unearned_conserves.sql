-- Every split of unearned income, hidden or not, is in its list once, or left out for a reason; the
-- sums by patient and by family are those of the list, less families that nobody answers for.
with splits as (

    select
        held.split_kind,
        sum(held.split_amount) as amount,
        coalesce(
            sum(held.split_amount) filter (where patients.patient_id is null), 0
        ) as amount_without_patient,
        coalesce(
            sum(held.split_amount) filter (
                where patients.patient_id is not null and guarantors.patient_id is null
            ), 0
        ) as amount_without_guarantor
    from {{ ref('int_payment_splits_classified') }} as held
    left join {{ ref('stg_open_dental__patients') }} as patients
        on held.patient_id = patients.patient_id
    left join {{ ref('stg_open_dental__patients') }} as guarantors
        on patients.guarantor_id = guarantors.patient_id
    where held.split_kind in ('unearned', 'hidden_unearned')
    group by held.split_kind

),

listed as (

    select
        'unearned' as split_kind,
        'lines' as list,
        coalesce(sum(split_amount), 0) as amount
    from {{ ref('od_unearned_lines') }}

    union all

    select
        'unearned' as split_kind,
        'accounts' as list,
        coalesce(sum(unearned_amount), 0) as amount
    from {{ ref('od_unearned') }}

    union all

    select
        'unearned' as split_kind,
        'net' as list,
        coalesce(sum(unearned_amount), 0) as amount
    from {{ ref('od_unearned_net') }}

    union all

    select
        'hidden_unearned' as split_kind,
        'lines' as list,
        coalesce(sum(split_amount), 0) as amount
    from {{ ref('od_hidden_splits') }}
    -- What is marked so is of no type of unearned income, and a split like any other elsewhere.
    where coalesce(quality_reason, '') not like '%of no type of unearned income%'

)

select
    listed.split_kind,
    listed.list
from listed
left join splits
    on listed.split_kind = splits.split_kind
where
    listed.amount
    + coalesce(splits.amount_without_patient, 0)
    + case when listed.list = 'lines' then 0 else coalesce(splits.amount_without_guarantor, 0) end
    <> coalesce(splits.amount, 0)
