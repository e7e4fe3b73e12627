-- Insurance Aging, detailed: by carrier and group, and in all.
select
    aging.carrier_name,
    aging.group_name,
    sum(aging.insurance_0_30_amount) as insurance_0_30_amount,
    sum(aging.insurance_31_60_amount) as insurance_31_60_amount,
    sum(aging.insurance_61_90_amount) as insurance_61_90_amount,
    sum(aging.insurance_over_90_amount) as insurance_over_90_amount,
    sum(aging.insurance_total_amount) as insurance_total_amount
from {{ ref('od_insurance_aging_details') }} as aging
where aging.as_of_on = date '2026-03-31'
group by grouping sets ((aging.carrier_name, aging.group_name), ())
order by aging.carrier_name, aging.group_name
