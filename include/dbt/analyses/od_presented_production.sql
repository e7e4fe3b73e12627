-- Presented treatment production of March 2026, as the form opens.
select
    presenter_user_id,
    count(*) as procedure_count,
    sum(gross_amount) as gross_amount,
    sum(writeoff_amount) as writeoff_amount,
    sum(adjustment_amount) as adjustment_amount,
    sum(net_amount) as net_amount
from {{ ref('od_presented_production') }}
where
    presentation = 'first'
    and is_in_default_report
    and completed_on between date '2026-03-01' and date '2026-03-31'
group by presenter_user_id
order by presenter_user_id
