with days as (

    select * from {{ ref('int_snapshot_days_listed') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_unioned') }}

),

tied_entries as (

    select * from {{ ref('int_ledger_entries_unioned') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_posted') }}

),

single_items as (

    select
        days.as_of_on,
        entries.guarantor_id,
        false as is_tied,
        entries.entry_kind <> 'claim_procedure' as is_in_both,
        false as is_writeoff_aged,
        {{ dated('entries.entry_on') }} as aged_on,
        case when entries.entry_kind = 'patient_payment' then entries.entry_on end as paid_on,
        entries.amount
    from entries
    cross join days
    cross join preferences
    where
        entries.guarantor_id is not null
        and (entries.tied_procedure_id is null or not preferences.is_aging_lifo)
        and {{ is_known_by('entries', 'days') }}

),

-- Kinds together, and after each row was asked whether it is known by then.
tied_items as (

    select
        days.as_of_on,
        tied_entries.guarantor_id,
        true as is_tied,
        true as is_in_both,
        false as is_writeoff_aged,
        case
            when sum(tied_entries.amount) < 0 then min(tied_entries.tied_procedure_on)
            else {{ dated('tied_entries.entry_on') }}
        end as aged_on,
        null::date as paid_on,
        sum(tied_entries.amount) as amount
    from tied_entries
    cross join days
    cross join preferences
    where
        tied_entries.guarantor_id is not null
        and tied_entries.tied_procedure_id is not null
        and preferences.is_aging_lifo
        and {{ is_known_by('tied_entries', 'days') }}
    group by
        days.as_of_on,
        tied_entries.guarantor_id,
        tied_entries.patient_id,
        tied_entries.tied_procedure_id,
        tied_entries.entry_on

),

-- With write-offs aged, a claim procedure is up to three items: what insurance paid, the write-off
-- that was expected, inside the bucket of the service, and by how much it came out otherwise.
claim_items as (

    select
        days.as_of_on,
        claim_procedures.guarantor_id,
        parts.is_tied,
        false as is_in_both,
        true as is_writeoff_aged,
        {{ dated('parts.aged_on') }} as aged_on,
        null::date as paid_on,
        -parts.amount as amount
    from claim_procedures
    cross join days
    cross join
        lateral (
            values
            (false, claim_procedures.posted_on, claim_procedures.insurance_payment_amount, true),
            (true, claim_procedures.service_on, claim_procedures.original_writeoff_amount, false),
            (false, claim_procedures.posted_on, claim_procedures.writeoff_change_amount, false)
        ) as parts (is_tied, aged_on, amount, is_kept)
    where claim_procedures.guarantor_id is not null and (parts.is_kept or parts.amount <> 0)

),

items as (

    select * from single_items
    union all
    select * from tied_items
    union all
    select * from claim_items

),

bucketed as (

    select
        items.as_of_on,
        items.guarantor_id,
        items.is_in_both,
        items.is_writeoff_aged,
        items.is_tied,
        items.aged_on,
        items.paid_on,
        items.amount,
        case
            when items.aged_on is null then 'undated'
            when items.aged_on > items.as_of_on then 'future'
            when items.aged_on >= items.as_of_on - 30 then '0_30'
            when items.aged_on >= items.as_of_on - 60 then '31_60'
            when items.aged_on >= items.as_of_on - 90 then '61_90'
            else 'over_90'
        end as bucket
    from items

)

select * from bucketed
