{{ config(materialized='table') }}

with splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

definitions as (

    select
        definition_id,
        item_name collate "C" as item_name
    from {{ ref('stg_open_dental__definitions') }}

),

-- A family is shown if its guarantor is a patient.
summed as (

    select
        guarantors.patient_id as guarantor_id,
        guarantors.guarantor_id as family_id,
        guarantors.clinic_id,
        sum(splits.split_amount) as unearned_amount,
        string_agg(
            distinct definitions.item_name, ',' order by definitions.item_name
        ) as unearned_type_names,
        -- An empty date is before every other.
        case when count(splits.paid_on) = count(*) then min(splits.paid_on) end
            as first_unearned_on
    from splits
    inner join patients
        on splits.patient_id = patients.patient_id
    inner join patients as guarantors
        on patients.guarantor_id = guarantors.patient_id
    left join definitions
        on splits.unearned_type_id = definitions.definition_id
    where splits.split_kind = 'unearned'
    group by guarantors.patient_id, guarantors.guarantor_id, guarantors.clinic_id

),

judged as (

    select
        *,
        abs(unearned_amount) > 0.005 as has_unearned
    from summed

)

select * from judged
