with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

appointments as (

    select * from {{ ref('stg_open_dental__appointments') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_summed') }}

),

scheduled as (

    select
        procedures.procedure_id,
        procedures.appointment_id,
        procedures.provider_id,
        appointments.clinic_id,
        appointments.scheduled_at::date as scheduled_on,
        procedures.fee_amount - coalesce(claim_procedures.capitation_writeoff_estimate_amount, 0)
            as scheduled_production_amount,
        -(procedures.discount_amount + procedures.discount_plan_amount)
            as scheduled_discount_amount
    from procedures
    inner join appointments
        on procedures.appointment_id = appointments.appointment_id
    left join claim_procedures
        on procedures.procedure_id = claim_procedures.procedure_id
    where
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_planned') }}
        and {{ has_flag('appointments.appointment_status_code', 'ApptStatus', 'is_scheduled') }}

)

select * from scheduled
