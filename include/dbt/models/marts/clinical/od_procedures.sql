{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot']},
    indexes=[
        {'columns': ['procedure_on']},
        {'columns': ['patient_id']},
    ],
) }}

with procedures as (

    select * from {{ ref('int_procedures_produced') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

reported as (

    select
        procedures.procedure_id,
        procedures.procedure_on,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_code_id,
        procedure_codes.procedure_code,
        procedure_codes.procedure_category_id,
        procedures.production_amount,
        patients.patient_id is not null and providers.provider_id is not null
            as is_in_individual_report,
        definitions.definition_id is not null as is_in_grouped_report,
        {{ quality_reason([
            ('procedures.procedure_on is null', 'no date'),
            ('patients.patient_id is null', 'no such patient'),
            ('providers.provider_id is null', 'no such provider'),
            ('definitions.definition_id is null', 'no such category'),
        ]) }} as quality_reason
    from procedures
    inner join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    left join definitions
        on procedure_codes.procedure_category_id = definitions.definition_id
    left join patients
        on procedures.patient_id = patients.patient_id
    left join providers
        on procedures.provider_id = providers.provider_id

),

listed as (

    select *
    from reported
    where is_in_individual_report or is_in_grouped_report

)

select * from listed
