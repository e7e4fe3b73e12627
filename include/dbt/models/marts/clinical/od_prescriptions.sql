{{ config(indexes=[{'columns': ['prescribed_on']}]) }}

with prescriptions as (

    select * from {{ ref('stg_open_dental__prescriptions') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('stg_open_dental__providers') }}

),

listed as (

    select
        prescriptions.prescription_id,
        prescriptions.prescribed_on,
        prescriptions.patient_id,
        prescriptions.provider_id,
        prescriptions.drug as drug_name,
        prescriptions.sig as directions,
        prescriptions.dispense as dispensed,
        {{ quality_reason([
            ('prescriptions.prescribed_on is null', 'no date'),
            ("coalesce(prescriptions.drug, '') = ''", 'no drug'),
        ]) }} as quality_reason
    from prescriptions
    inner join patients
        on prescriptions.patient_id = patients.patient_id
    inner join providers
        on prescriptions.provider_id = providers.provider_id

)

select * from listed
