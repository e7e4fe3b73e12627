with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

capitation as (

    select
        procedure_id,
        sum(writeoff_amount) as writeoff_amount,
        count(*) as claim_procedure_count
    from claim_procedures
    where is_capitation_completed and procedure_id is not null
    group by procedure_id

),

produced as (

    select
        procedures.procedure_id,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_code_id,
        procedures.procedure_on,
        procedures.completed_on,
        procedures.procedure_fee_amount,
        procedures.fee_amount,
        coalesce(capitation.writeoff_amount, 0) as capitation_writeoff_amount,
        coalesce(capitation.claim_procedure_count, 0) as capitation_count,
        procedures.fee_amount - coalesce(capitation.writeoff_amount, 0) as production_amount
    from procedures
    left join capitation
        on procedures.procedure_id = capitation.procedure_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}

)

select * from produced
