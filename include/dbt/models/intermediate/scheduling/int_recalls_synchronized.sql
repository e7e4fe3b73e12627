with recalls as (

    select * from {{ ref('int_recalls_classified') }}

),

triggers as (

    select * from {{ ref('stg_open_dental__recall_triggers') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

procedures as not materialized (

    select * from {{ ref('stg_open_dental__procedures') }}

),

appointments as (

    select * from {{ ref('stg_open_dental__appointments') }}

),

-- Cleanings and the treatment of gums take each other's place.
special_types as (

    select prophy_recall_type_id as recall_type_id
    from preferences
    where prophy_recall_type_id is not null

    union distinct

    select perio_recall_type_id as recall_type_id
    from preferences
    where perio_recall_type_id is not null

),

own_triggers as (

    select distinct
        recall_type_id,
        procedure_code_id
    from triggers
    where recall_type_id is not null and procedure_code_id is not null

),

shared_triggers as (

    select
        special_types.recall_type_id,
        own_triggers.procedure_code_id
    from own_triggers
    inner join special_types as triggered_types
        on own_triggers.recall_type_id = triggered_types.recall_type_id
    cross join special_types

),

all_triggers as (

    select
        recall_type_id,
        procedure_code_id
    from own_triggers

    union distinct

    select
        recall_type_id,
        procedure_code_id
    from shared_triggers

),

-- A type without a trigger of its own is not active.
active_types as (

    select recall_type_id
    from own_triggers
    group by recall_type_id

),

perio_patients as (

    select recalls.patient_id
    from recalls
    inner join preferences
        on recalls.recall_type_id = preferences.perio_recall_type_id
    group by recalls.patient_id

),

last_done as (

    select
        procedures.patient_id,
        all_triggers.recall_type_id,
        max(procedures.procedure_on) as done_on
    from procedures
    inner join all_triggers
        on procedures.procedure_code_id = all_triggers.procedure_code_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_done') }}
    group by procedures.patient_id, all_triggers.recall_type_id

),

next_scheduled as (

    select
        appointments.patient_id,
        own_triggers.recall_type_id,
        min(appointments.scheduled_at)::date as scheduled_on
    from appointments
    inner join procedures
        on appointments.appointment_id = procedures.appointment_id
    inner join own_triggers
        on procedures.procedure_code_id = own_triggers.procedure_code_id
    where
        {{ has_flag('appointments.appointment_status_code', 'ApptStatus', 'is_scheduled') }}
        and appointments.scheduled_at > {{ office_today() }}
    group by appointments.patient_id, own_triggers.recall_type_id

),

dated as (

    select
        recalls.*,
        active_types.recall_type_id is not null
        and not (
            recalls.recall_type_id is not distinct from preferences.prophy_recall_type_id
            and perio_patients.patient_id is not null
        ) as is_synchronized,
        last_done.done_on,
        -- Years, months, and weeks with days, one after the other: each may shorten the month.
        (
            (
                last_done.done_on + ((recalls.recall_interval >> 24) & 255) * interval '1 year'
            )::date
            + ((recalls.recall_interval >> 16) & 255) * interval '1 month'
        )::date
        + ((recalls.recall_interval >> 8) & 255) * 7
        + (recalls.recall_interval & 255) as done_and_interval_on,
        next_scheduled.scheduled_on as scheduled_computed_on
    from recalls
    cross join preferences
    left join active_types
        on recalls.recall_type_id = active_types.recall_type_id
    left join perio_patients
        on recalls.patient_id = perio_patients.patient_id
    left join last_done
        on
            recalls.patient_id = last_done.patient_id
            and recalls.recall_type_id = last_done.recall_type_id
    left join next_scheduled
        on
            recalls.patient_id = next_scheduled.patient_id
            and recalls.recall_type_id = next_scheduled.recall_type_id

),

synchronized as (

    select
        recall_id,
        is_synchronized,
        case when is_synchronized then done_on else previous_on end as previous_computed_on,
        case
            when not is_synchronized then due_on
            when is_disabled then null
            -- Nobody has postponed it since the last visit.
            when
                (done_on is distinct from previous_on)
                and disabled_until_on is null
                and disabled_until_balance_amount <= 0
                then done_and_interval_on
            when due_on is null or due_on = calculated_due_on then done_and_interval_on
            else due_on
        end as due_computed_on,
        scheduled_computed_on
    from dated

)

select * from synchronized
