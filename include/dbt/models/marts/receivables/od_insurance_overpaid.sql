{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot']},
    indexes=[
        {'columns': ['match_kind', 'procedure_on']},
        {'columns': ['patient_id']},
    ],
) }}

with procedures as (

    select
        procedure_id,
        patient_id,
        procedure_on,
        clinic_id,
        fee_amount
    from {{ ref('stg_open_dental__procedures') }}
    where
        {{ has_flag('procedure_status_code', 'ProcStat', 'is_completed') }}
        and procedure_fee_amount >= 0

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

-- By procedure, patient and day, from which both ways to match are made.
insurance as (

    select
        procedure_id,
        patient_id,
        procedure_on,
        sum(insurance_pay_amount + writeoff_amount) as insurance_amount
    from {{ ref('int_claim_procedures_classified') }}
    where is_insurance_paid
    group by procedure_id, patient_id, procedure_on

),

insurance_of_procedures as (

    select
        insurance.procedure_id,
        sum(insurance.insurance_amount) as insurance_amount,
        bool_or(insurance.procedure_on is distinct from procedures.procedure_on) as is_dated_apart
    from insurance
    inner join procedures
        on insurance.procedure_id = procedures.procedure_id
    group by insurance.procedure_id
    having sum(insurance.insurance_amount) > 0

),

insurance_of_days as (

    select
        patient_id,
        procedure_on,
        sum(insurance_amount) as insurance_amount
    from insurance
    group by patient_id, procedure_on
    having sum(insurance_amount) > 0

),

fees_of_days as (

    select
        patient_id,
        procedure_on,
        sum(fee_amount) as fee_amount
    from procedures
    group by patient_id, procedure_on

),

matched as (

    select
        'procedure' as match_kind,
        procedures.procedure_id,
        procedures.patient_id,
        procedures.procedure_on,
        procedures.clinic_id,
        procedures.fee_amount,
        insurance_of_procedures.insurance_amount,
        insurance_of_procedures.is_dated_apart
    from procedures
    inner join insurance_of_procedures
        on procedures.procedure_id = insurance_of_procedures.procedure_id

    union all

    select
        'patient_date' as match_kind,
        null::bigint as procedure_id,
        fees_of_days.patient_id,
        fees_of_days.procedure_on,
        null::bigint as clinic_id,
        fees_of_days.fee_amount,
        insurance_of_days.insurance_amount,
        false as is_dated_apart
    from fees_of_days
    inner join insurance_of_days
        on
            fees_of_days.patient_id = insurance_of_days.patient_id
            -- An empty date is a day like any other.
            and coalesce(fees_of_days.procedure_on, '-infinity')
            = coalesce(insurance_of_days.procedure_on, '-infinity')

),

overpaid as (

    select
        {{ text_key([
            'matched.match_kind', 'matched.procedure_id', 'matched.patient_id',
            'matched.procedure_on',
        ]) }} as insurance_overpaid_id,
        matched.match_kind,
        matched.procedure_id,
        matched.patient_id,
        matched.procedure_on,
        matched.clinic_id,
        matched.fee_amount,
        matched.insurance_amount,
        matched.insurance_amount - matched.fee_amount as overpaid_amount,
        matched.is_dated_apart,
        {{ quality_reason([
            ('matched.procedure_on is null', 'no date'),
        ]) }} as quality_reason
    from matched
    inner join patients
        on matched.patient_id = patients.patient_id
    where round(matched.fee_amount, 3) < round(matched.insurance_amount, 3)

)

select * from overpaid
