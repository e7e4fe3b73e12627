with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

appointments as (

    select * from {{ ref('stg_open_dental__appointments') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

-- An estimate of capitation always lowers what is scheduled, others where the practice says so.
estimates as (

    select
        claim_procedures.procedure_id,
        sum(claim_procedures.expected_writeoff_amount) as writeoff_estimate_amount
    from claim_procedures
    cross join preferences
    where
        claim_procedures.is_capitation_estimate
        or (claim_procedures.is_estimate and preferences.is_scheduled_production_less_estimates)
    group by claim_procedures.procedure_id

),

scheduled as (

    select
        procedures.procedure_id,
        procedures.appointment_id,
        procedures.provider_id,
        procedures.clinic_id,
        appointments.clinic_id as appointment_clinic_id,
        appointments.scheduled_at::date as scheduled_on,
        procedures.fee_amount - coalesce(estimates.writeoff_estimate_amount, 0)
            as scheduled_production_amount,
        -(procedures.discount_amount + coalesce(procedures.discount_plan_amount, 0))
            as scheduled_discount_amount
    from procedures
    inner join appointments
        on procedures.appointment_id = appointments.appointment_id
    left join estimates
        on procedures.procedure_id = estimates.procedure_id
    where
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_planned') }}
        and {{ has_flag('appointments.appointment_status_code', 'ApptStatus', 'is_scheduled') }}

)

select * from scheduled
