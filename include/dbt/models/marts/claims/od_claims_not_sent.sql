{{ config(indexes=[{'columns': ['service_on']}]) }}

with claims as (

    select * from {{ ref('int_claims_classified') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

unsent as (

    select *
    from claims
    where is_to_be_sent and left_out_reason is null

),

claimed_codes as (

    select
        unsent.claim_id,
        string_agg(
            procedure_codes.procedure_code,
            ', '
            order by convert_to(procedure_codes.procedure_code, 'UTF8')
        ) as procedure_codes
    from unsent
    inner join claim_procedures
        on unsent.claim_id = claim_procedures.claim_id
    inner join procedures
        on claim_procedures.procedure_id = procedures.procedure_id
    inner join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    group by unsent.claim_id

),

listed as (

    select
        unsent.claim_id,
        unsent.patient_id,
        unsent.carrier_id,
        unsent.clinic_id,
        unsent.claim_type_code,
        unsent.claim_status_code,
        unsent.service_on,
        unsent.claim_fee_amount,
        claimed_codes.procedure_codes,
        {{ quality_reason([('unsent.service_on is null', 'no date')]) }} as quality_reason
    from unsent
    inner join claimed_codes
        on unsent.claim_id = claimed_codes.claim_id

)

select * from listed
