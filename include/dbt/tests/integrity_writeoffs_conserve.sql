-- The write-offs of each mode are those of production and income but for what is next to nothing,
-- estimates below zero and blank write-offs.
with writeoffs as (

    select * from {{ ref('int_writeoffs_unioned') }}

),

left_out as (

    select
        writeoff_mode_code,
        writeoff_kind,
        sum(writeoff_amount) as amount,
        coalesce(sum(writeoff_amount) filter (
            where
            case writeoff_kind
                when 'estimate' then writeoff_amount <= 0
                when 'adjustment'
                    then abs(writeoff_amount) <= 0.005 or actual_writeoff_amount = -1
                else abs(writeoff_amount) <= 0.0001
            end
        ), 0) as left_out_amount,
        coalesce(sum(-snapshot_writeoff_amount) filter (
            where
            writeoff_kind = 'adjustment'
            and actual_writeoff_amount = -1
            and abs(snapshot_writeoff_amount) > 0.005
        ), 0) as blank_amount
    from writeoffs
    group by writeoff_mode_code, writeoff_kind

),

mart as (

    select
        writeoff_mode_code,
        writeoff_kind,
        sum(writeoff_amount) as amount
    from {{ ref('od_writeoffs') }}
    group by writeoff_mode_code, writeoff_kind

)

select left_out.writeoff_kind
from left_out
left join mart
    on
        left_out.writeoff_mode_code = mart.writeoff_mode_code
        and left_out.writeoff_kind = mart.writeoff_kind
where
    left_out.amount - left_out.left_out_amount + left_out.blank_amount <> coalesce(mart.amount, 0)
