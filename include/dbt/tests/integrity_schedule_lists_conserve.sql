-- What a list of appointments or recalls leaves out has its reason; nothing else is missing.
with counts as (

    select
        'appointments' as list_name,
        (
            select count(*)
            from {{ ref('stg_open_dental__appointments') }} as appointments
            left join {{ ref('int_appointments_classified') }} as classified
                on appointments.appointment_id = classified.appointment_id
            where
                classified.left_out_reason is null
                and not {{ has_flag(
                    'appointments.appointment_status_code', 'ApptStatus', 'is_off_schedule'
                ) }}
        ) as expected_count,
        (select count(*) from {{ ref('od_appointments') }}) as row_count

    union all

    select
        'broken appointments by status' as list_name,
        (
            select count(*) from {{ ref('od_appointments') }}
            where {{ has_flag('appointment_status_code', 'ApptStatus', 'is_broken') }}
        ) as expected_count,
        (
            select count(*) from {{ ref('od_broken_appointments') }}
            where basis = 'status'
        ) as row_count

    union all

    select
        'recalls' as list_name,
        (
            select count(*)
            from {{ ref('stg_open_dental__recalls') }} as recalls
            left join {{ ref('int_recalls_classified') }} as classified
                on recalls.recall_id = classified.recall_id
            where
                classified.left_out_reason is null
                and classified.is_patient is distinct from false
        ) as expected_count,
        (select count(*) from {{ ref('od_recalls_due') }}) as row_count

)

select list_name
from counts
where expected_count <> row_count
