-- Insurance Aging, detailed: by carrier and group, and in all.
-- Of the newest day; a past day has a row once it was built on it, or backfilled.
select
    aging.carrier_name,
    aging.group_name,
    sum(aging.insurance_0_30_amount) as insurance_0_30_amount,
    sum(aging.insurance_31_60_amount) as insurance_31_60_amount,
    sum(aging.insurance_61_90_amount) as insurance_61_90_amount,
    sum(aging.insurance_over_90_amount) as insurance_over_90_amount,
    sum(aging.insurance_total_amount) as insurance_total_amount
from {{ ref('od_insurance_aging_details') }} as aging
where
    aging.as_of_on = (
        select max(newest.as_of_on) from {{ ref('od_insurance_aging_details') }} as newest
    )
group by grouping sets ((aging.carrier_name, aging.group_name), ())
order by aging.carrier_name, aging.group_name
