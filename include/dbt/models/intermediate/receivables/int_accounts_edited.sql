with procedures as (

    select
        patient_id,
        max(row_edited_at) as last_edited_at
    from {{ ref('stg_open_dental__procedures') }}
    group by patient_id

),

claim_procedures as (

    select
        patient_id,
        max(row_edited_at) as last_edited_at
    from {{ ref('stg_open_dental__claim_procedures') }}
    group by patient_id

),

adjustments as (

    select
        patient_id,
        max(row_edited_at) as last_edited_at
    from {{ ref('stg_open_dental__adjustments') }}
    group by patient_id

),

splits as (

    select
        patient_id,
        max(row_edited_at) as last_edited_at
    from {{ ref('stg_open_dental__payment_splits') }}
    group by patient_id

),

charges as (

    select
        patient_id,
        max(row_edited_at) as last_edited_at
    from {{ ref('stg_open_dental__payment_plan_charges') }}
    group by patient_id

),

unioned as (

    select * from procedures
    union all
    select * from claim_procedures
    union all
    select * from adjustments
    union all
    select * from splits
    union all
    select * from charges

),

edited as (

    select
        patient_id,
        max(last_edited_at) as last_edited_at
    from unioned
    where patient_id is not null
    group by patient_id

)

select * from edited
