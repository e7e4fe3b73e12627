{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['claimsnapshot', 'definition']},
    indexes=[
        {'columns': ['patient_id']},
    ],
) }}

with unearned as (

    select * from {{ ref('int_unearned_summed') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

splits as (

    select * from {{ ref('stg_open_dental__payment_splits') }}

),

-- The family of a guarantor is the one that it belongs to itself.
families as (

    select
        coalesce(family_id, 0) as family_id,
        bool_or(has_unearned) as is_allocated
    from unearned
    group by coalesce(family_id, 0)

),

members as (

    select
        patients.patient_id,
        families.family_id,
        families.is_allocated
    from families
    inner join patients
        on families.family_id = coalesce(patients.guarantor_id, 0)
    where not {{ has_flag('patients.patient_status_code', 'PatientStatus', 'is_deleted') }}

),

procedures_of_members as (

    select
        procedures.procedure_id,
        procedures.patient_id,
        procedures.procedure_on,
        procedures.fee_amount,
        procedures.procedure_fee_amount
        * greatest(1, procedures.unit_quantity + procedures.base_units) as printed_fee_amount,
        members.family_id,
        members.is_allocated
    from members
    inner join procedures
        on members.patient_id = procedures.patient_id
    where {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}

),

-- What any member of a listed family has on a procedure, of whichever family that is.
deductions as (

    select
        adjustments.procedure_id,
        members.is_allocated,
        -adjustments.adjustment_amount as amount
    from members
    inner join adjustments
        on members.patient_id = adjustments.patient_id
    where adjustments.procedure_id is not null

    union all

    select
        claim_procedures.procedure_id,
        members.is_allocated,
        claim_procedures.writeoff_amount
        + case
            when claim_procedures.is_received then claim_procedures.insurance_pay_amount
            when claim_procedures.is_not_received
                then claim_procedures.insurance_pay_estimate_amount
            else 0
        end as amount
    from members
    inner join claim_procedures
        on members.patient_id = claim_procedures.patient_id
    where
        claim_procedures.procedure_id is not null
        and (claim_procedures.is_claimed or claim_procedures.is_capitation_completed)

    union all

    select
        splits.procedure_id,
        members.is_allocated,
        splits.split_amount as amount
    from members
    inner join splits
        on members.patient_id = splits.patient_id
    where splits.procedure_id is not null

),

deducted as (

    select
        procedure_id,
        sum(amount) as amount,
        coalesce(sum(amount) filter (where is_allocated), 0) as allocated_amount
    from deductions
    group by procedure_id

),

remaining as (

    select
        procedures_of_members.procedure_id,
        procedures_of_members.patient_id,
        procedures_of_members.family_id,
        procedures_of_members.procedure_on,
        procedures_of_members.printed_fee_amount,
        procedures_of_members.fee_amount - coalesce(deducted.amount, 0) as remaining_amount,
        case
            when procedures_of_members.is_allocated
                then procedures_of_members.fee_amount - coalesce(deducted.allocated_amount, 0)
        end as allocated_remaining_amount
    from procedures_of_members
    left join deducted
        on procedures_of_members.procedure_id = deducted.procedure_id

),

unpaid as (

    select *
    from remaining
    where remaining_amount > 0.005 or allocated_remaining_amount > 0.005

)

select * from unpaid
