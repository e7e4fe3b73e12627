-- Daily procedures of March 2026 grouped by procedure code: all providers and clinics.
select
    procedure_category_id,
    procedure_code,
    sum(procedure_count) as procedure_count,
    round(sum(production_amount) / sum(procedure_count), 2) as average_amount,
    sum(production_amount) as production_amount
from {{ ref('od_production_by_code') }}
where procedure_on between date '2026-03-01' and date '2026-03-31'
group by procedure_category_id, procedure_code
order by procedure_category_id, procedure_code
