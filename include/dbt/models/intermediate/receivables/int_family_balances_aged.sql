{{ config(materialized='table') }}

with items as (

    select * from {{ ref('int_ledger_items_aged') }}

),

days as (

    select * from {{ ref('int_snapshot_days_listed') }}

),

-- Every item once, before the two ways to count write-offs part.
sums as (

    select
        as_of_on,
        guarantor_id,
        is_in_both,
        is_writeoff_aged,
        bucket,
        not is_tied and amount < 0 as is_credit,
        sum(amount) as amount,
        max(paid_on) as last_payment_on
    from items
    group by
        guarantor_id, as_of_on, is_in_both, is_writeoff_aged, not is_tied and amount < 0, bucket

),

ways as (

    select unnest(array[false, true]) as is_writeoff_aged

),

-- What falls into each bucket, what is credit, and what lies in the future, or nowhere. A historic
-- aging knows nothing of the last two.
family_amounts as (

    select
        sums.as_of_on,
        sums.guarantor_id,
        ways.is_writeoff_aged,
        coalesce(
            sum(sums.amount) filter (where sums.bucket = '0_30' and not sums.is_credit), 0
        ) as net_0_30,
        coalesce(
            sum(sums.amount) filter (where sums.bucket = '31_60' and not sums.is_credit), 0
        ) as net_31_60,
        coalesce(
            sum(sums.amount) filter (where sums.bucket = '61_90' and not sums.is_credit), 0
        ) as net_61_90,
        coalesce(
            sum(sums.amount) filter (where sums.bucket = 'over_90' and not sums.is_credit), 0
        ) as net_over_90,
        coalesce(
            -sum(sums.amount) filter (
                where sums.bucket not in ('future', 'undated') and sums.is_credit
            ), 0
        ) as untied_credit,
        coalesce(
            sum(sums.amount) filter (
                where sums.bucket = 'future' and not days.is_historic
            ), 0
        ) as future_amount,
        coalesce(
            sum(sums.amount) filter (
                where sums.bucket = 'undated' and not days.is_historic
            ), 0
        ) as undated_amount,
        coalesce(
            sum(sums.amount) filter (
                where sums.bucket not in ('future', 'undated') or not days.is_historic
            ), 0
        ) as balance_total,
        max(sums.last_payment_on) as last_payment_on
    from sums
    inner join days
        on sums.as_of_on = days.as_of_on
    inner join ways
        on sums.is_in_both or sums.is_writeoff_aged = ways.is_writeoff_aged
    group by sums.guarantor_id, sums.as_of_on, ways.is_writeoff_aged

),

-- A bucket below zero becomes zero, and what it was short of joins the credits.
family_charges as (

    select
        as_of_on,
        guarantor_id,
        is_writeoff_aged,
        future_amount,
        undated_amount,
        balance_total,
        last_payment_on,
        greatest(net_0_30, 0) as charge_0_30,
        greatest(net_31_60, 0) as charge_31_60,
        greatest(net_61_90, 0) as charge_61_90,
        greatest(net_over_90, 0) as charge_over_90,
        untied_credit
        - least(net_0_30, 0)
        - least(net_31_60, 0)
        - least(net_61_90, 0)
        - least(net_over_90, 0) as credit
    from family_amounts

),

-- Credit pays the oldest bucket first.
aged as (

    select
        as_of_on,
        guarantor_id,
        is_writeoff_aged,
        {{ aging_amount(
            'greatest(charge_0_30 - greatest('
            ~ 'credit - charge_over_90 - charge_61_90 - charge_31_60, 0), 0)'
        ) }} as balance_0_30_amount,
        {{ aging_amount(
            'greatest(charge_31_60 - greatest(credit - charge_over_90 - charge_61_90, 0), 0)'
        ) }} as balance_31_60_amount,
        {{ aging_amount('greatest(charge_61_90 - greatest(credit - charge_over_90, 0), 0)') }}
            as balance_61_90_amount,
        {{ aging_amount('greatest(charge_over_90 - credit, 0)') }} as balance_over_90_amount,
        {{ aging_amount('balance_total') }} as balance_total_amount,
        {{ aging_amount(
            'greatest(credit - charge_over_90 - charge_61_90 - charge_31_60 - charge_0_30, 0)'
        ) }} as unapplied_credit_amount,
        {{ aging_amount('future_amount') }} as future_amount,
        {{ aging_amount('undated_amount') }} as undated_amount,
        last_payment_on
    from family_charges

)

select * from aged
