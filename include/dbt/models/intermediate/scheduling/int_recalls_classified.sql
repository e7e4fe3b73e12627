with recalls as (

    select * from {{ ref('stg_open_dental__recalls') }}

),

recall_types as (

    select * from {{ ref('stg_open_dental__recall_types') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

joined as (

    select
        recalls.recall_id,
        recalls.patient_id,
        recalls.recall_type_id,
        recalls.recall_interval,
        recalls.previous_on,
        recalls.calculated_due_on,
        recalls.due_on,
        recalls.scheduled_on,
        recalls.is_disabled,
        recalls.disabled_until_on,
        recalls.disabled_until_balance_amount,
        {{ has_flag('recalls.priority_code', 'RecallPriority', 'is_asap') }} as is_asap,
        coalesce(
            {{ has_flag('patients.patient_status_code', 'PatientStatus', 'is_patient') }}, false
        ) as is_patient,
        guarantors.balance_total_amount
        - case
            when preferences.is_balance_before_insurance then 0
            else guarantors.insurance_estimate_amount
        end as family_balance_amount,
        {{ is_within_days(
            'recalls.due_on', 'preferences.recall_days_past', 'preferences.recall_days_future'
        ) }} as is_due_in_range,
        preferences.shown_recall_type_ids = ''
        or {{ is_listed('recalls.recall_type_id', 'preferences.shown_recall_type_ids') }}
            as is_shown_type,
        case
            when patients.patient_id is null then 'no such patient'
            when guarantors.patient_id is null then 'no such guarantor'
            when recall_types.recall_type_id is null then 'no such type'
        end as left_out_reason
    from recalls
    cross join preferences
    left join patients
        on recalls.patient_id = patients.patient_id
    left join patients as guarantors
        on patients.guarantor_id = guarantors.patient_id
    left join recall_types
        on recalls.recall_type_id = recall_types.recall_type_id

),

classified as (

    select
        *,
        coalesce(disabled_until_on > {{ office_today() }}, false)
        or (
            disabled_until_balance_amount > 0
            and coalesce(family_balance_amount > disabled_until_balance_amount, false)
        ) as is_suspended
    from joined

)

select * from classified
