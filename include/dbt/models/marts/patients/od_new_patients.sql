{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    indexes=[
        {'columns': ['first_procedure_on']},
        {'columns': ['patient_id']},
    ],
) }}

with procedures as (

    select * from {{ ref('int_procedures_completed') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

referral_attachments as (

    select * from {{ ref('stg_open_dental__referral_attachments') }}

),

produced as (

    select
        patient_id,
        -- No date is older than every other.
        min(coalesce(procedure_on, '-infinity')) filter (where is_visit) as first_procedure_on,
        sum(fee_amount) as production_amount
    from procedures
    group by patient_id

),

first_sources as (

    select distinct on (patient_id)
        patient_id,
        referral_id
    from referral_attachments
    where {{ has_flag('referral_type_code', 'ReferralType', 'is_source') }}
    order by patient_id, position, referral_attachment_id

),

listed as (

    select
        patients.patient_id,
        nullif(produced.first_procedure_on, '-infinity') as first_procedure_on,
        patients.primary_provider_id,
        patients.clinic_id,
        first_sources.referral_id,
        produced.production_amount,
        {{ quality_reason([("produced.first_procedure_on = '-infinity'", 'no date')]) }}
            as quality_reason
    from produced
    inner join patients
        on produced.patient_id = patients.patient_id
    left join first_sources
        on patients.patient_id = first_sources.patient_id
    where produced.first_procedure_on is not null

)

select * from listed
