with patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

guarantors as (

    select patient_id from {{ ref('stg_open_dental__patients') }}

),

assigned as (

    select
        patients.patient_id,
        guarantors.patient_id as guarantor_id
    from patients
    left join guarantors
        on patients.guarantor_id = guarantors.patient_id

)

select * from assigned
