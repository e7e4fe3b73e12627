{{ config(materialized='table') }}

with links as (

    select
        payment_plan_link_id,
        payment_plan_id,
        link_type_code,
        linked_id,
        override_amount,
        case
            when {{ has_flag('link_type_code', 'PayPlanLinkType', 'is_procedure') }} then linked_id
        end as procedure_id,
        case
            when {{ has_flag('link_type_code', 'PayPlanLinkType', 'is_adjustment') }} then linked_id
        end as adjustment_id
    from {{ ref('stg_open_dental__payment_plan_links') }}

),

procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

adjustments as not materialized (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

splits as not materialized (

    select * from {{ ref('stg_open_dental__payment_splits') }}

),

-- Few are linked, so that their rows are looked up.
linked_procedures as (

    select distinct procedure_id
    from links
    where procedure_id is not null

),

linked_adjustments as (

    select distinct adjustment_id
    from links
    where adjustment_id is not null

),

procedure_adjustments as (

    select
        adjustments.procedure_id,
        sum(adjustments.adjustment_amount) as amount
    from linked_procedures
    inner join adjustments
        on linked_procedures.procedure_id = adjustments.procedure_id
    group by adjustments.procedure_id

),

procedure_insurance as (

    select
        claim_procedures.procedure_id,
        sum(
            case
                when claim_procedures.is_insurance_paid
                    then claim_procedures.insurance_pay_amount + claim_procedures.writeoff_amount
                else
                    claim_procedures.insurance_pay_estimate_amount
                    + claim_procedures.expected_writeoff_amount
            end
        ) as amount
    from linked_procedures
    inner join claim_procedures
        on linked_procedures.procedure_id = claim_procedures.procedure_id
    where claim_procedures.is_insurance_paid or claim_procedures.is_insurance_estimated
    group by claim_procedures.procedure_id

),

-- What was paid outside of plans, apart for each adjustment, or procedure, that its splits name.
splits_of_procedures as (

    select
        splits.procedure_id,
        sum(splits.split_amount) as amount
    from linked_procedures
    inner join splits
        on linked_procedures.procedure_id = splits.procedure_id
    where splits.payment_plan_id is null and splits.payment_plan_charge_id is null
    group by splits.procedure_id, splits.adjustment_id

),

splits_of_adjustments as (

    select
        splits.adjustment_id,
        sum(splits.split_amount) as amount
    from linked_adjustments
    inner join splits
        on linked_adjustments.adjustment_id = splits.adjustment_id
    where splits.payment_plan_id is null and splits.payment_plan_charge_id is null
    group by splits.adjustment_id, splits.procedure_id

),

procedures_valued as (

    select
        procedures.procedure_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_fee_amount
        * greatest(1, procedures.unit_quantity + procedures.base_units) as fee_amount,
        -- What is only planned is financed after its discounts.
        (
            procedures.procedure_fee_amount
            - case
                when {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_planned') }}
                    then procedures.discount_plan_amount + procedures.discount_amount
                else 0
            end
        ) * greatest(1, procedures.unit_quantity + procedures.base_units) as financed_fee_amount,
        coalesce(procedure_adjustments.amount, 0)
        - coalesce(procedure_insurance.amount, 0) as other_amount
    from linked_procedures
    inner join procedures
        on linked_procedures.procedure_id = procedures.procedure_id
    left join procedure_adjustments
        on procedures.procedure_id = procedure_adjustments.procedure_id
    left join procedure_insurance
        on procedures.procedure_id = procedure_insurance.procedure_id

),

split as (

    select
        links.payment_plan_link_id,
        links.payment_plan_id,
        links.link_type_code,
        links.linked_id,
        links.procedure_id,
        links.adjustment_id,
        links.override_amount,
        coalesce(procedures_valued.provider_id, adjustments.provider_id) as provider_id,
        coalesce(procedures_valued.clinic_id, adjustments.clinic_id) as clinic_id,
        procedures_valued.procedure_id is not null or adjustments.adjustment_id is not null
            as has_item,
        coalesce(
            adjustments.adjustment_amount,
            round(procedures_valued.fee_amount + procedures_valued.other_amount, 2)
        ) as patient_portion_amount,
        coalesce(
            adjustments.adjustment_amount,
            procedures_valued.financed_fee_amount + procedures_valued.other_amount
        ) as financed_amount,
        coalesce(splits_of_procedures.amount, splits_of_adjustments.amount, 0)
            as paid_outside_amount
    from links
    left join procedures_valued
        on links.procedure_id = procedures_valued.procedure_id
    left join adjustments
        on links.adjustment_id = adjustments.adjustment_id
    left join splits_of_procedures
        on links.procedure_id = splits_of_procedures.procedure_id
    left join splits_of_adjustments
        on links.adjustment_id = splits_of_adjustments.adjustment_id

)

select * from split
