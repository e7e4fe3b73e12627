-- Aging of Accounts Receivable as it opens, family by family and in all; leave out the last
-- condition for families with credits or estimates alone.
-- Of the newest day; a past day has a row once it was built on it, or backfilled.
select
    aging.guarantor_id,
    aging.last_payment_on,
    sum(aging.balance_0_30_amount) as balance_0_30_amount,
    sum(aging.balance_31_60_amount) as balance_31_60_amount,
    sum(aging.balance_61_90_amount) as balance_61_90_amount,
    sum(aging.balance_over_90_amount) as balance_over_90_amount,
    sum(aging.balance_total_amount) as balance_total_amount,
    sum(aging.insurance_writeoff_estimate_amount) as insurance_writeoff_estimate_amount,
    sum(aging.insurance_pay_estimate_amount) as insurance_pay_estimate_amount,
    sum(aging.patient_portion_amount) as patient_portion_amount
from {{ ref('od_aging') }} as aging
where
    aging.as_of_on = (
        select max(newest.as_of_on) from {{ ref('od_aging') }} as newest
    )
    and aging.is_in_default_report
group by grouping sets ((aging.guarantor_id, aging.last_payment_on), ())
order by aging.guarantor_id
