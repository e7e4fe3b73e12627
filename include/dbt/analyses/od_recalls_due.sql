-- The recall list, as the form opens.
select
    recall_id,
    patient_id,
    recall_type_id,
    due_on,
    reminder_count,
    last_reminder_on
from {{ ref('od_recalls_due') }}
where is_in_default_report
order by due_on, recall_id
