{{ config(indexes=[{'columns': ['month_on']}]) }}

with procedures as (

    select * from {{ ref('int_procedures_completed') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

billing_types as (

    select * from {{ ref('int_billing_types_shown') }}

),

treated as (

    select
        patient_id,
        date_trunc('month', procedure_on)::date as month_on,
        count(*) as procedure_count
    from procedures
    group by patient_id, date_trunc('month', procedure_on)::date

),

listed as (

    select
        {{ text_key(['treated.patient_id', 'treated.month_on']) }} as active_patient_id,
        treated.patient_id,
        treated.month_on,
        patients.primary_provider_id,
        patients.secondary_provider_id,
        patients.clinic_id,
        patients.billing_type_id,
        patients.patient_status_code,
        treated.procedure_count,
        billing_types.billing_type_id is not null as is_in_default_report,
        {{ quality_reason([
            ('treated.month_on is null', 'no date'),
            ('patients.billing_type_id is null', 'no billing type'),
        ]) }} as quality_reason
    from treated
    inner join patients
        on treated.patient_id = patients.patient_id
    left join billing_types
        on patients.billing_type_id = billing_types.billing_type_id
    where not {{ has_flag('patients.patient_status_code', 'PatientStatus', 'is_deleted') }}

)

select * from listed
