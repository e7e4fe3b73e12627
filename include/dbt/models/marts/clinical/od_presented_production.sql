{{ config(indexes=[{'columns': ['completed_on']}]) }}

with presented as (

    select * from {{ ref('int_procedures_presented') }}

),

users as (

    select * from {{ ref('stg_open_dental__users') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by procedure_id
            order by presented_on nulls first, treatment_plan_id
        ) as first_rank,
        row_number() over (
            partition by procedure_id
            order by presented_on desc nulls last, treatment_plan_id asc
        ) as last_rank
    from presented
    where is_completed

),

presentations as (

    select
        ranked.*,
        chosen.presentation
    from ranked
    inner join (values ('first'), ('last')) as chosen (presentation)
        on
            case chosen.presentation
                when 'first' then ranked.first_rank
                else ranked.last_rank
            end = 1

),

listed as (

    select
        {{ text_key(['presentations.presentation', 'presentations.procedure_id']) }}
            as presented_production_id,
        presentations.presentation,
        presentations.procedure_id,
        presentations.procedure_on as completed_on,
        presentations.presented_on,
        presentations.treatment_plan_id,
        presentations.presenter_user_id,
        presentations.entry_user_id,
        presentations.clinic_id,
        presentations.gross_amount,
        presentations.claimed_writeoff_amount as writeoff_amount,
        presentations.adjustment_amount,
        presentations.gross_amount
        - presentations.claimed_writeoff_amount
        + presentations.adjustment_amount as net_amount,
        presentations.presentation = 'first'
        and coalesce(not users.is_hidden, false) as is_in_default_report,
        {{ quality_reason([
            ('presentations.procedure_on is null', 'no date'),
            ('users.user_id is null', 'no presenter'),
        ]) }} as quality_reason
    from presentations
    left join users
        on presentations.presenter_user_id = users.user_id

)

select * from listed
