-- The accounts with unearned income of now, all clinics, as the form opens.
select
    guarantor_id,
    unearned_type_names,
    unearned_amount
from {{ ref('od_unearned') }}
where is_in_default_report
order by guarantor_id
