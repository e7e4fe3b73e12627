with entries as (

    select * from {{ ref('int_ledger_entries_unioned') }}

),

patients as (

    select * from {{ ref('int_patients_assigned') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

days as (

    select
        {{ as_of_date() }} as as_of_on,
        {{ as_of_date() }} <> {{ office_today() }} as is_historic

),

entries_in_scope as (

    select
        entries.ledger_entry_id,
        entries.patient_id,
        entries.amount,
        entries.tied_procedure_on,
        coalesce(patients.guarantor_id, entries.patient_id, 0) as guarantor_id,
        -- For the source too an empty date is older than any other.
        coalesce(entries.entry_on, date '0001-01-01') as entry_on,
        case when preferences.is_aging_lifo then entries.tied_procedure_id end as tied_procedure_id
    from entries
    cross join days
    cross join preferences
    left join patients
        on entries.patient_id = patients.patient_id
    where
        entries.entry_on is null
        or entries.entry_on <= days.as_of_on
        or (not days.is_historic and entries.entry_kind not in ('plan_debit', 'plan_credit'))

),

tied_groups as (

    select
        'tied-' || patient_id || '-' || tied_procedure_id || '-' || entry_on as aged_item_id,
        guarantor_id,
        true as is_tied,
        case
            when sum(amount) < 0 then coalesce(min(tied_procedure_on), entry_on)
            else entry_on
        end as aged_on,
        sum(amount) as amount
    from entries_in_scope
    where tied_procedure_id is not null
    group by guarantor_id, patient_id, tied_procedure_id, entry_on

),

single_entries as (

    select
        ledger_entry_id as aged_item_id,
        guarantor_id,
        false as is_tied,
        entry_on as aged_on,
        amount
    from entries_in_scope
    where tied_procedure_id is null

),

aged_items as (

    select * from tied_groups
    union all
    select * from single_entries

),

bucketed as (

    select
        aged_items.aged_item_id,
        aged_items.guarantor_id,
        aged_items.is_tied,
        aged_items.aged_on,
        aged_items.amount,
        case
            when aged_items.aged_on > days.as_of_on then 'future'
            when aged_items.aged_on >= days.as_of_on - 30 then '0_30'
            when aged_items.aged_on >= days.as_of_on - 60 then '31_60'
            when aged_items.aged_on >= days.as_of_on - 90 then '61_90'
            else 'over_90'
        end as bucket
    from aged_items
    cross join days

)

select * from bucketed
