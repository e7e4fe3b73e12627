-- What a list of one day leaves out stands elsewhere with its reason, and its groups add up to it.
with sums as (

    select
        'procedures' as list_name,
        (
            select sum(facts.production_amount)
            from {{ ref('fct_procedures') }} as facts
            left join {{ ref('od_procedures') }} as listed
                on facts.procedure_id = listed.procedure_id
            where listed.procedure_id is not null or facts.quality_reason is null
        ) as expected_amount,
        (select sum(production_amount) from {{ ref('od_procedures') }}) as amount

    union all

    select
        'production by code' as list_name,
        (
            select sum(production_amount) from {{ ref('od_procedures') }}
            where is_in_grouped_report
        ) as expected_amount,
        (select sum(production_amount) from {{ ref('od_production_by_code') }}) as amount

    union all

    select
        'adjustments' as list_name,
        (
            select sum(adjustment_amount) from {{ ref('int_adjustments_classified') }}
            where left_out_reason is null
        ) as expected_amount,
        (select sum(adjustment_amount) from {{ ref('od_adjustments') }}) as amount

    union all

    select
        'production goals' as list_name,
        (
            select sum(total_production_amount) from {{ ref('mart_production_income') }}
        ) as expected_amount,
        (
            select sum(total_production_amount) from {{ ref('od_production_goals') }}
            where is_default_writeoff_mode
        ) as amount

)

select list_name
from sums
where coalesce(expected_amount, 0) <> coalesce(amount, 0)
