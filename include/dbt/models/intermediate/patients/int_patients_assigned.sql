with patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

assigned as (

    select
        patient_id,
        -- A patient without a guarantor answers for itself.
        coalesce(guarantor_id, patient_id) as guarantor_id
    from patients

)

select * from assigned
