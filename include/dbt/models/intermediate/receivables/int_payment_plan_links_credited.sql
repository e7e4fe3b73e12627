with links as (

    select * from {{ ref('stg_open_dental__payment_plan_links') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_summed') }}

),

splits as (

    select * from {{ ref('stg_open_dental__payment_splits') }}

),

procedure_adjustments as (

    select
        procedure_id,
        patient_id,
        provider_id,
        clinic_id,
        sum(adjustment_amount) as adjustment_amount
    from adjustments
    where procedure_id is not null
    group by procedure_id, patient_id, provider_id, clinic_id

),

procedure_splits as (

    select
        procedure_id,
        sum(split_amount) as split_amount
    from splits
    where procedure_id is not null and payment_plan_id is null
    group by procedure_id

),

adjustment_splits as (

    select
        adjustment_id,
        sum(split_amount) as split_amount
    from splits
    where adjustment_id is not null and payment_plan_id is null
    group by adjustment_id

),

procedure_credits as (

    select
        links.payment_plan_link_id,
        links.payment_plan_id,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_id,
        procedures.procedure_on as credit_on,
        -case
            when links.override_amount <> 0 then links.override_amount
            when procedures.procedure_status_code = 2
                then
                    procedures.fee_amount
                    + coalesce(procedure_adjustments.adjustment_amount, 0)
                    - coalesce(claim_procedures.planned_insurance_amount, 0)
                    - coalesce(claim_procedures.planned_writeoff_amount, 0)
                    - coalesce(procedure_splits.split_amount, 0)
            else 0
        end as credit_amount
    from links
    inner join procedures
        on links.linked_id = procedures.procedure_id
    left join procedure_adjustments
        on
            procedures.procedure_id = procedure_adjustments.procedure_id
            and procedures.patient_id = procedure_adjustments.patient_id
            and procedures.provider_id is not distinct from procedure_adjustments.provider_id
            and procedures.clinic_id is not distinct from procedure_adjustments.clinic_id
    left join claim_procedures
        on procedures.procedure_id = claim_procedures.procedure_id
    left join procedure_splits
        on procedures.procedure_id = procedure_splits.procedure_id
    where links.link_type_code = 2

),

adjustment_credits as (

    select
        links.payment_plan_link_id,
        links.payment_plan_id,
        adjustments.patient_id,
        adjustments.provider_id,
        adjustments.clinic_id,
        null::bigint as procedure_id,
        adjustments.adjustment_on as credit_on,
        -case
            when links.override_amount <> 0 then links.override_amount
            else adjustments.adjustment_amount - coalesce(adjustment_splits.split_amount, 0)
        end as credit_amount
    from links
    inner join adjustments
        on links.linked_id = adjustments.adjustment_id
    left join adjustment_splits
        on adjustments.adjustment_id = adjustment_splits.adjustment_id
    where links.link_type_code = 1

),

credited as (

    select * from procedure_credits
    union all
    select * from adjustment_credits

)

select * from credited
