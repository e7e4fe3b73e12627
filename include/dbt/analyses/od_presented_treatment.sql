-- Treatment plan presentation statistics of March 2026: first plans of the month, by presenter.
with within_range as (

    select
        *,
        row_number() over (
            partition by procedure_id
            order by presented_on, treatment_plan_id
        ) as first_rank
    from {{ ref('od_presented_treatment') }}
    where presented_on between date '2026-03-01' and date '2026-03-31'

)

select
    presenter_user_id,
    count(distinct treatment_plan_id) as plan_count,
    count(*) as procedure_count,
    count(*) filter (where is_scheduled) as scheduled_count,
    count(*) filter (where is_completed) as completed_count,
    sum(gross_amount) as gross_amount,
    sum(net_amount) as net_amount
from within_range
where first_rank = 1
group by presenter_user_id
order by presenter_user_id
