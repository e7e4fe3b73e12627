{{ config(indexes=[{'columns': ['due_on']}]) }}

with recalls as (

    select * from {{ ref('int_recalls_classified') }}

),

synchronized as (

    select * from {{ ref('int_recalls_synchronized') }}

),

communications as (

    select * from {{ ref('stg_open_dental__communications') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

appointments as (

    select * from {{ ref('stg_open_dental__appointments') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

-- The first type that the office calls recall, in the order of its list.
reminder_type as (

    select definition_id
    from definitions
    where
        {{ has_flag('category_code', 'DefCat', 'is_communication_type') }}
        and upper(item_value) = 'RECALL'
    order by position, definition_id
    limit 1

),

reminder_moments as (

    select
        communications.patient_id,
        communications.communicated_at
    from communications
    inner join reminder_type
        on communications.communication_type_id = reminder_type.definition_id

),

reminders as (

    select
        recalls.recall_id,
        count(distinct reminder_moments.communicated_at::date) as reminder_count,
        max(reminder_moments.communicated_at)::date as last_reminder_on
    from recalls
    inner join reminder_moments
        on recalls.patient_id = reminder_moments.patient_id
    where recalls.previous_on is null or reminder_moments.communicated_at > recalls.previous_on
    group by recalls.recall_id

),

scheduled_patients as (

    select patient_id
    from appointments
    where
        {{ has_flag('appointment_status_code', 'ApptStatus', 'is_scheduled') }}
        and scheduled_at > {{ office_today() }}
    group by patient_id

),

listed as (

    select
        recalls.recall_id,
        {{ office_today() }} as as_of_on,
        recalls.patient_id,
        recalls.recall_type_id,
        recalls.previous_on,
        recalls.calculated_due_on as due_calculated_on,
        recalls.due_on,
        recalls.scheduled_on,
        recalls.is_disabled,
        recalls.disabled_until_on,
        recalls.disabled_until_balance_amount,
        recalls.family_balance_amount,
        coalesce(reminders.reminder_count, 0) as reminder_count,
        reminders.last_reminder_on,
        coalesce(recalls.due_on < {{ office_today() }}, false)
        and recalls.scheduled_on is null as is_overdue,
        not recalls.is_disabled
        and recalls.is_shown_type
        and recalls.is_due_in_range
        and not recalls.is_suspended
        and case
            when preferences.is_recall_hidden_by_any_appointment
                then scheduled_patients.patient_id is null
            else recalls.scheduled_on is null
        end
        -- After a reminder the recall waits; -1 waits for ever.
        and case coalesce(reminders.reminder_count, 0)
            when 0 then true
            when 1
                then
                    preferences.recall_days_after_first_reminder <> -1
                    and reminders.last_reminder_on + preferences.recall_days_after_first_reminder
                    <= {{ office_today() }}
            else
                preferences.recall_days_after_later_reminders <> -1
                and reminders.last_reminder_on + preferences.recall_days_after_later_reminders
                <= {{ office_today() }}
        end
        and (
            preferences.recall_reminder_limit = -1
            or coalesce(reminders.reminder_count, 0) <= preferences.recall_reminder_limit
        ) as is_in_default_report,
        synchronized.previous_computed_on,
        synchronized.due_computed_on,
        synchronized.scheduled_computed_on,
        {{ quality_reason([
            ('recalls.due_on is null and not recalls.is_disabled', 'no date'),
            (
                'recalls.scheduled_on is distinct from synchronized.scheduled_computed_on',
                'scheduled day is not current',
            ),
        ]) }} as quality_reason
    from recalls
    inner join synchronized
        on recalls.recall_id = synchronized.recall_id
    cross join preferences
    left join reminders
        on recalls.recall_id = reminders.recall_id
    left join scheduled_patients
        on recalls.patient_id = scheduled_patients.patient_id
    where recalls.left_out_reason is null and recalls.is_patient

)

select * from listed
