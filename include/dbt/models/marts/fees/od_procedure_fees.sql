{{ config(indexes=[{'columns': ['fee_schedule_id']}]) }}

with fees as (

    select * from {{ ref('stg_open_dental__fees') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

fee_schedules as (

    select * from {{ ref('stg_open_dental__fee_schedules') }}

),

listed as (

    select
        fees.fee_id,
        fees.fee_schedule_id,
        fees.procedure_code_id,
        fees.clinic_id,
        fees.provider_id,
        procedure_codes.procedure_code,
        procedure_codes.procedure_category_id,
        nullif(fees.amount, -1) as fee_amount,
        {{ quality_reason([
            ('fee_schedules.fee_schedule_id is null', 'no such fee schedule'),
            ('procedure_codes.procedure_code_id is null', 'no such code'),
        ]) }} as quality_reason
    from fees
    left join procedure_codes
        on fees.procedure_code_id = procedure_codes.procedure_code_id
    left join fee_schedules
        on fees.fee_schedule_id = fee_schedules.fee_schedule_id

)

select * from listed
