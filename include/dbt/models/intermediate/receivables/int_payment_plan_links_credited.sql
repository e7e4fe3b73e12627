with links as not materialized (

    select * from {{ ref('stg_open_dental__payment_plan_links') }}

),

plans as (

    select * from {{ ref('stg_open_dental__payment_plans') }}

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

-- Few are linked, so that their rows are looked up: a large table with one name for two readers
-- would be written out first.
linked_procedures as (

    select distinct linked_id as procedure_id
    from links
    where {{ has_flag('link_type_code', 'PayPlanLinkType', 'is_procedure') }}

),

linked_adjustments as (

    select distinct linked_id as adjustment_id
    from links
    where {{ has_flag('link_type_code', 'PayPlanLinkType', 'is_adjustment') }}

),

procedure_adjustments as (

    select
        adjustments.procedure_id,
        adjustments.patient_id,
        adjustments.provider_id,
        adjustments.clinic_id,
        sum(adjustments.adjustment_amount) as adjustment_amount
    from linked_procedures
    inner join {{ ref('stg_open_dental__adjustments') }} as adjustments
        on linked_procedures.procedure_id = adjustments.procedure_id
    group by
        adjustments.procedure_id,
        adjustments.patient_id,
        adjustments.provider_id,
        adjustments.clinic_id

),

-- What was answered counts as it came out, everything else as it is expected.
procedure_insurance as (

    select
        claim_procedures.procedure_id,
        sum(
            case
                when claim_procedures.is_settled
                    then claim_procedures.insurance_pay_amount + claim_procedures.writeoff_amount
                else
                    coalesce(
                        claim_procedures.insurance_estimate_total_override_amount,
                        claim_procedures.insurance_pay_estimate_amount
                    ) + claim_procedures.expected_writeoff_amount
            end
        ) as insurance_amount
    from linked_procedures
    inner join claim_procedures
        on linked_procedures.procedure_id = claim_procedures.procedure_id
    where not claim_procedures.is_preauthorization
    group by claim_procedures.procedure_id

),

procedure_splits as (

    select
        splits.procedure_id,
        sum(splits.split_amount) as split_amount
    from linked_procedures
    inner join {{ ref('stg_open_dental__payment_splits') }} as splits
        on linked_procedures.procedure_id = splits.procedure_id
    where splits.payment_plan_id is null
    group by splits.procedure_id

),

adjustment_splits as (

    select
        splits.adjustment_id,
        sum(splits.split_amount) as split_amount
    from linked_adjustments
    inner join {{ ref('stg_open_dental__payment_splits') }} as splits
        on linked_adjustments.adjustment_id = splits.adjustment_id
    where splits.payment_plan_id is null
    group by splits.adjustment_id

),

-- An override replaces the amount, not the condition that the procedure is complete.
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
            else
                procedures.fee_amount
                + coalesce(procedure_adjustments.adjustment_amount, 0)
                - coalesce(procedure_insurance.insurance_amount, 0)
                - coalesce(procedure_splits.split_amount, 0)
        end as credit_amount
    from links
    inner join plans
        on links.payment_plan_id = plans.payment_plan_id
    inner join procedures
        on links.linked_id = procedures.procedure_id
    left join procedure_adjustments
        on
            procedures.procedure_id = procedure_adjustments.procedure_id
            and procedures.patient_id = procedure_adjustments.patient_id
            and procedures.provider_id is not distinct from procedure_adjustments.provider_id
            and procedures.clinic_id is not distinct from procedure_adjustments.clinic_id
    left join procedure_insurance
        on procedures.procedure_id = procedure_insurance.procedure_id
    left join procedure_splits
        on procedures.procedure_id = procedure_splits.procedure_id
    where
        {{ has_flag('links.link_type_code', 'PayPlanLinkType', 'is_procedure') }}
        and {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}

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
    where {{ has_flag('links.link_type_code', 'PayPlanLinkType', 'is_adjustment') }}

),

credited as (

    select * from procedure_credits
    union all
    select * from adjustment_credits

)

select * from credited
