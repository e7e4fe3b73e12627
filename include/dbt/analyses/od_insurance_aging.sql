-- Insurance Aging as it opens, family by family and in all.
-- Of the newest day; a past day has a row once it was built on it, or backfilled.
select
    aging.guarantor_id,
    sum(aging.insurance_0_30_amount) as insurance_0_30_amount,
    sum(aging.insurance_31_60_amount) as insurance_31_60_amount,
    sum(aging.insurance_61_90_amount) as insurance_61_90_amount,
    sum(aging.insurance_over_90_amount) as insurance_over_90_amount,
    sum(aging.insurance_total_amount) as insurance_total_amount,
    sum(aging.patient_0_30_amount) as patient_0_30_amount,
    sum(aging.patient_31_60_amount) as patient_31_60_amount,
    sum(aging.patient_61_90_amount) as patient_61_90_amount,
    sum(aging.patient_over_90_amount) as patient_over_90_amount,
    sum(aging.patient_total_amount) as patient_total_amount,
    sum(aging.writeoff_change_amount) as writeoff_change_amount,
    sum(aging.patient_portion_amount) as patient_portion_amount
from {{ ref('od_insurance_aging') }} as aging
where
    aging.as_of_on = (
        select max(newest.as_of_on) from {{ ref('od_insurance_aging') }} as newest
    )
    and aging.is_in_default_report
group by grouping sets ((aging.guarantor_id), ())
order by aging.guarantor_id
