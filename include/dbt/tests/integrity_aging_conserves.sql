-- The balances of all families are the sum of all aged entries, but for half a cent a family.
with mart as (

    select
        count(*) as family_count,
        sum(balance_total_amount) as balance_amount
    from {{ ref('od_aging') }}

),

ledger as (

    select sum(amount) as balance_amount
    from {{ ref('int_ledger_entries_bucketed') }}

)

select mart.family_count
from mart
cross join ledger
where
    abs(coalesce(mart.balance_amount, 0) - coalesce(ledger.balance_amount, 0))
    > 0.005 * mart.family_count
