-- The referral analysis of March 2026, as the form opens.
select
    referral_id,
    count(distinct patient_id) as patient_count,
    sum(production_amount) as production_amount
from {{ ref('od_referrals') }}
where
    is_listed_provider
    and business_on between date '2026-03-01' and date '2026-03-31'
group by referral_id
order by referral_id
