with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_summed') }}

),

produced as (

    select
        procedures.procedure_id,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_on,
        procedures.fee_amount,
        coalesce(claim_procedures.capitation_writeoff_amount, 0) as capitation_writeoff_amount,
        procedures.fee_amount - coalesce(claim_procedures.capitation_writeoff_amount, 0)
            as production_amount
    from procedures
    left join claim_procedures
        on procedures.procedure_id = claim_procedures.procedure_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}

)

select * from produced
