with preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

-- What a payment plan charges or credits later is owed by nobody yet.
entries as (

    select *
    from {{ ref('int_ledger_entries_unioned') }}
    where
        entry_kind not in ('plan_debit', 'plan_credit')
        or entry_on is null
        or entry_on <= {{ office_today() }}

),

grouped as (

    select
        entries.entry_kind,
        entries.guarantor_id,
        entries.amount,
        entries.insurance_payment_amount,
        {{ dated('entries.entry_on') }} as entry_on,
        preferences.is_aging_lifo and entries.tied_procedure_id is not null as is_tied,
        min(entries.tied_procedure_on) over tied as tied_procedure_on,
        sum(entries.amount) over tied as group_amount,
        -- Before its day a plan credit is not known, and the group is what the others are.
        min(entries.tied_procedure_on) filter (where entries.entry_kind <> 'plan_credit') over tied
            as earlier_tied_procedure_on,
        coalesce(
            sum(entries.amount) filter (where entries.entry_kind <> 'plan_credit') over tied, 0
        ) as earlier_group_amount
    from entries
    cross join preferences
    where entries.guarantor_id is not null and entries.tied_procedure_id is not null
    window tied as (
        partition by entries.patient_id, entries.tied_procedure_id, entries.entry_on
    )

),

-- A negative group counts from the day of its procedure, but what is only known on its own day from
-- then on. Without a day of the procedure it never counts.
tied_entries as (

    select
        entry_kind,
        guarantor_id,
        amount,
        insurance_payment_amount,
        case
            when not is_tied then entry_on
            when
                entry_kind <> 'plan_credit'
                and earlier_group_amount < 0
                and earlier_tied_procedure_on < entry_on
                then earlier_tied_procedure_on
            when group_amount >= 0 then entry_on
            when tied_procedure_on is not null then greatest(entry_on, tied_procedure_on)
        end as counted_on
    from grouped

),

single_entries as (

    select
        entry_kind,
        guarantor_id,
        amount,
        insurance_payment_amount,
        {{ dated('entry_on') }} as counted_on
    from entries
    where guarantor_id is not null and tied_procedure_id is null

),

dated as (

    select * from single_entries
    union all
    select * from tied_entries

)

select * from dated
