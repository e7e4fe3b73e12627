-- As of each day that was computed, the balances of all families are what the roll-forward closes
-- with; today's hold what is dated later or not at all, too. With what no report shows, by its
-- reason, they make all of the ledger.
with aging as (

    select
        days.as_of_on,
        coalesce(sum(kept.balance_total_amount), 0) as balance_amount,
        coalesce(sum(kept.future_amount + kept.undated_amount), 0) as later_amount
    from {{ ref('int_snapshot_days_listed') }} as days
    left join {{ ref('od_aging') }} as kept
        on
            days.as_of_on = kept.as_of_on
            and days.is_historic = kept.is_recomputed
    -- A snapshot of the day itself stays when the day is computed again.
    where not days.is_historic or kept.as_of_on is not null
    group by days.as_of_on

),

-- Every figure is rounded to a tenth of a cent.
families as (

    select 0.001 * count(distinct guarantor_id) as tolerance
    from {{ ref('int_ledger_entries_unioned') }}

),

rolled as (

    select
        aging.as_of_on,
        coalesce(sum(entries.amount), 0) as balance_amount
    from aging
    left join {{ ref('int_ledger_entries_dated') }} as entries
        on aging.as_of_on >= entries.counted_on
    group by aging.as_of_on

),

today as (

    select as_of_on
    from {{ ref('int_snapshot_days_listed') }}
    where not is_historic

),

ledger as (

    select
        coalesce(sum(entries.amount), 0) as amount,
        coalesce(sum(entries.amount) filter (where entries.quality_reason is not null), 0)
            as unreported_amount
    from {{ ref('int_ledger_entries_unioned') }} as entries
    cross join today
    where
        entries.entry_kind not in ('plan_debit', 'plan_credit')
        or {{ dated('entries.entry_on') }} <= today.as_of_on

)

select aging.as_of_on
from aging
inner join rolled
    on aging.as_of_on = rolled.as_of_on
cross join families
where abs(aging.balance_amount - aging.later_amount - rolled.balance_amount) > families.tolerance

union all

select aging.as_of_on
from aging
inner join today
    on aging.as_of_on = today.as_of_on
cross join ledger
cross join families
where abs(aging.balance_amount + ledger.unreported_amount - ledger.amount) > families.tolerance
