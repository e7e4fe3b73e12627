-- How many families' balances differ from those that Open Dental stores, by how much, and why.
select
    coalesce(compared.difference_reason, 'equal') as difference_reason,
    count(*) as family_count,
    sum(compared.difference_amount) as difference_amount,
    sum(abs(compared.difference_amount)) as absolute_difference_amount
from {{ ref('od_reconcile_aging') }} as compared
group by compared.difference_reason
order by compared.difference_reason
