with recalls as (

    select * from {{ ref('int_recalls_classified') }}

),

listed as (

    select
        recall_id,
        {{ office_today() }} as as_of_on,
        patient_id,
        recall_type_id,
        due_on,
        {{ quality_reason([('due_on is null', 'no date')]) }} as quality_reason
    from recalls
    where
        left_out_reason is null
        and is_patient
        and is_asap
        and scheduled_on is null
        and is_due_in_range
        and not is_suspended

)

select * from listed
