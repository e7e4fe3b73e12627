with patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

families as (

    select * from {{ ref('int_patients_assigned') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

patient_plans as (

    select * from {{ ref('stg_open_dental__patient_plans') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

visits as (

    select
        procedures.patient_id,
        min(procedures.procedure_on) as first_visit_on,
        max(procedures.procedure_on) as last_visit_on
    from procedures
    left join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    where
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
        and {{ is_visit('procedure_codes.procedure_code') }}
    group by procedures.patient_id

),

insured_patients as (

    select patient_id
    from patient_plans
    group by patient_id

),

joined as (

    select
        patients.patient_id,
        families.guarantor_id,
        families.guarantor_id = patients.patient_id as is_guarantor,
        patients.last_name,
        patients.first_name,
        patients.birth_on,
        patients.gender_code,
        genders.label as gender,
        patients.patient_status_code,
        statuses.label as patient_status,
        patients.state,
        patients.primary_provider_id,
        patients.clinic_id,
        patients.billing_type_id,
        definitions.item_name as billing_type_name,
        insured_patients.patient_id is not null as has_insurance,
        visits.first_visit_on,
        visits.last_visit_on,
        nullif(
            concat_ws(
                ', ',
                case when patients.guarantor_id is null then 'no guarantor' end,
                case
                    when patients.guarantor_id is not null and guarantors.patient_id is null
                        then 'no such guarantor'
                end
            ), ''
        ) as quality_reason
    from patients
    inner join families
        on patients.patient_id = families.patient_id
    left join patients as guarantors
        on patients.guarantor_id = guarantors.patient_id
    left join visits
        on patients.patient_id = visits.patient_id
    left join insured_patients
        on patients.patient_id = insured_patients.patient_id
    left join definitions
        on patients.billing_type_id = definitions.definition_id
    {{ join_code('genders', 'PatientGender', 'patients.gender_code') }}
    {{ join_code('statuses', 'PatientStatus', 'patients.patient_status_code') }}

)

select * from joined
