-- Aging of Accounts Receivable with write-offs aged, family by family and in all.
-- Of the newest day; a past day has a row once it was built on it, or backfilled.
select
    aging.guarantor_id,
    sum(aging.balance_0_30_amount) as balance_0_30_amount,
    sum(aging.balance_31_60_amount) as balance_31_60_amount,
    sum(aging.balance_61_90_amount) as balance_61_90_amount,
    sum(aging.balance_over_90_amount) as balance_over_90_amount,
    sum(aging.balance_total_amount) as balance_total_amount,
    sum(aging.insurance_writeoff_estimate_amount) as insurance_writeoff_estimate_amount,
    sum(aging.insurance_pay_estimate_amount) as insurance_pay_estimate_amount
from {{ ref('od_aging_writeoffs_aged') }} as aging
where
    aging.as_of_on = (
        select max(newest.as_of_on) from {{ ref('od_aging_writeoffs_aged') }} as newest
    )
    and greatest(
        aging.balance_0_30_amount,
        aging.balance_31_60_amount,
        aging.balance_61_90_amount,
        aging.balance_over_90_amount
    ) >= 0.005
group by grouping sets ((aging.guarantor_id), ())
order by aging.guarantor_id
