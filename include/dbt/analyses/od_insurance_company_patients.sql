-- Patients of insurance companies whose names begin with a text.
select
    carriers.carrier_name,
    listed.group_name,
    count(*) as subscriber_count
from {{ ref('od_insurance_company_patients') }} as listed
inner join {{ ref('stg_open_dental__carriers') }} as carriers
    on listed.carrier_id = carriers.carrier_id
where upper(carriers.carrier_name) like 'D%'
group by carriers.carrier_name, listed.group_name
order by carriers.carrier_name, listed.group_name
