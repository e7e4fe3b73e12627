-- Every day opens with what the day before closed with, no day is missing, and the last one holds
-- every entry that a balance of a past day can know.
with rolled as (

    select
        date_on,
        opening_amount,
        closing_amount,
        lag(date_on) over (order by date_on nulls first) as earlier_on,
        lag(closing_amount) over (order by date_on nulls first) as earlier_closing_amount,
        row_number() over (order by date_on desc nulls last) = 1 as is_last
    from {{ ref('od_receivables_rollforward') }}

),

ledger as (

    select
        sum(amount) filter (where counted_on is not null) as closing_amount,
        max(counted_on) as last_on
    from {{ ref('int_ledger_entries_dated') }}

)

select rolled.date_on
from rolled
cross join ledger
where
    rolled.date_on <> rolled.earlier_on + 1
    or rolled.opening_amount <> rolled.earlier_closing_amount
    or (rolled.is_last and rolled.closing_amount <> ledger.closing_amount)
    or (rolled.is_last and {{ dated('rolled.date_on') }} <> ledger.last_on)
