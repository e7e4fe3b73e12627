-- Procedure codes with their fees: the first schedule that is not hidden, no clinic, no provider,
-- blanks left out, as the form opens.
select
    procedure_code,
    procedure_category_id,
    fee_amount
from {{ ref('od_procedure_fees') }}
where
    fee_schedule_id = (
        select fee_schedules.fee_schedule_id
        from {{ ref('stg_open_dental__fee_schedules') }} as fee_schedules
        where not fee_schedules.is_hidden
        order by fee_schedules.position, fee_schedules.fee_schedule_id
        limit 1
    )
    and clinic_id is null
    and provider_id is null
    and fee_amount is not null
order by procedure_code, fee_id
