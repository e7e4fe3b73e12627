with treatment_plans as (

    select * from {{ ref('stg_open_dental__treatment_plans') }}

),

treatment_plan_procedures as (

    select * from {{ ref('stg_open_dental__treatment_plan_procedures') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

-- A plan may name a procedure more than once.
plan_procedures as (

    select distinct
        treatment_plan_id,
        procedure_id
    from treatment_plan_procedures
    where procedure_id is not null

),

writeoffs as (

    select
        procedure_id,
        coalesce(sum(writeoff_amount) filter (where is_capitation_completed), 0)
            as capitation_writeoff_amount,
        coalesce(sum(writeoff_amount) filter (where is_claimed), 0) as claimed_writeoff_amount,
        coalesce(sum(expected_writeoff_amount) filter (where is_estimate), 0)
            as estimated_writeoff_amount
    from claim_procedures
    where is_capitation_completed or is_claimed or is_estimate
    group by procedure_id

),

procedure_adjustments as (

    select
        procedure_id,
        sum(adjustment_amount) as adjustment_amount
    from adjustments
    where procedure_id is not null
    group by procedure_id

),

presented as (

    select
        plan_procedures.treatment_plan_id,
        procedures.procedure_id,
        procedures.patient_id,
        procedures.clinic_id,
        procedures.appointment_id,
        procedures.procedure_on,
        procedures.procedure_status_code,
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
            as is_completed,
        {{ has_flag('treatment_plans.treatment_plan_status_code', 'TreatPlanStatus', 'is_saved') }}
            as is_saved,
        treatment_plans.treatment_planned_on as presented_on,
        treatment_plans.presenter_user_id,
        treatment_plans.row_entered_by_user_id as entry_user_id,
        -- The screens of treatment plans count one unit at least.
        procedures.procedure_fee_amount
        * greatest(procedures.unit_quantity + procedures.base_units, 1)
        - coalesce(writeoffs.capitation_writeoff_amount, 0) as gross_amount,
        coalesce(writeoffs.capitation_writeoff_amount, 0) as capitation_writeoff_amount,
        coalesce(writeoffs.claimed_writeoff_amount, 0) as claimed_writeoff_amount,
        coalesce(writeoffs.estimated_writeoff_amount, 0) as estimated_writeoff_amount,
        coalesce(procedure_adjustments.adjustment_amount, 0) as adjustment_amount
    from plan_procedures
    inner join treatment_plans
        on plan_procedures.treatment_plan_id = treatment_plans.treatment_plan_id
    inner join procedures
        on plan_procedures.procedure_id = procedures.procedure_id
    left join writeoffs
        on procedures.procedure_id = writeoffs.procedure_id
    left join procedure_adjustments
        on procedures.procedure_id = procedure_adjustments.procedure_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_presented') }}

)

select * from presented
