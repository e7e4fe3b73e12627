-- The ASAP list of recalls.
select
    recall_id,
    patient_id,
    recall_type_id,
    due_on
from {{ ref('od_asap_recalls') }}
order by due_on, recall_id
