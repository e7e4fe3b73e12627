{{ config(indexes=[{'columns': ['presented_on']}]) }}

with presented as (

    select * from {{ ref('int_procedures_presented') }}

),

appointments as (

    select * from {{ ref('stg_open_dental__appointments') }}

),

-- Of plans of one day the one with the lowest number counts, for first and last alike.
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
        ) as last_rank,
        -- The report takes capitation off a second time.
        capitation_writeoff_amount
        + case when is_completed then claimed_writeoff_amount else estimated_writeoff_amount end
            as writeoff_amount
    from presented
    where is_saved

),

listed as (

    select
        {{ text_key(['ranked.treatment_plan_id', 'ranked.procedure_id']) }}
            as presented_treatment_id,
        ranked.treatment_plan_id,
        ranked.procedure_id,
        ranked.first_rank = 1 as is_first_presentation,
        ranked.last_rank = 1 as is_last_presentation,
        ranked.patient_id,
        ranked.presented_on,
        ranked.presenter_user_id,
        ranked.entry_user_id,
        ranked.clinic_id,
        ranked.procedure_status_code,
        not ranked.is_completed
        and coalesce(
            {{ has_flag('appointments.appointment_status_code', 'ApptStatus', 'is_scheduled') }},
            false
        ) as is_scheduled,
        ranked.is_completed,
        ranked.procedure_on,
        ranked.gross_amount,
        ranked.writeoff_amount,
        ranked.adjustment_amount,
        ranked.gross_amount - ranked.writeoff_amount + ranked.adjustment_amount as net_amount,
        {{ quality_reason([
            ('ranked.presented_on is null', 'no date'),
            ('ranked.presenter_user_id is null', 'no presenter'),
        ]) }} as quality_reason
    from ranked
    left join appointments
        on ranked.appointment_id = appointments.appointment_id

)

select * from listed
