{{ config(materialized='table') }}

with links as not materialized (

    select * from {{ ref('stg_open_dental__payment_plan_links') }}

),

plans as not materialized (

    select * from {{ ref('stg_open_dental__payment_plans') }}

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

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

-- Few are linked, so that their rows are looked up.
linked_procedures as (

    select
        procedures.procedure_id,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.procedure_on,
        procedures.fee_amount,
        {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
            as is_completed,
        patients.guarantor_id
    from (
        select distinct linked_id
        from links
        where {{ has_flag('link_type_code', 'PayPlanLinkType', 'is_procedure') }}
    ) as linked
    inner join procedures
        on linked.linked_id = procedures.procedure_id
    left join patients
        on procedures.patient_id = patients.patient_id

),

linked_adjustments as (

    select
        adjustments.adjustment_id,
        adjustments.procedure_id,
        adjustments.patient_id,
        adjustments.provider_id,
        adjustments.clinic_id,
        adjustments.adjustment_on,
        adjustments.adjustment_amount,
        patients.guarantor_id
    from (
        select distinct linked_id
        from links
        where {{ has_flag('link_type_code', 'PayPlanLinkType', 'is_adjustment') }}
    ) as linked
    inner join adjustments
        on linked.linked_id = adjustments.adjustment_id
    left join patients
        on adjustments.patient_id = patients.patient_id

),

procedure_adjustments as (

    select
        linked_procedures.procedure_id,
        sum(adjustments.adjustment_amount) as adjustment_amount
    from linked_procedures
    inner join adjustments
        on
            linked_procedures.procedure_id = adjustments.procedure_id
            and linked_procedures.patient_id is not distinct from adjustments.patient_id
            and linked_procedures.provider_id is not distinct from adjustments.provider_id
            and linked_procedures.clinic_id is not distinct from adjustments.clinic_id
    group by linked_procedures.procedure_id

),

-- What was answered counts as it came out, everything else as it is expected.
insurance as (

    select
        linked_procedures.procedure_id,
        patients.guarantor_id = linked_procedures.guarantor_id as is_of_family,
        case
            when claim_procedures.is_settled
                then claim_procedures.insurance_pay_amount + claim_procedures.writeoff_amount
            else
                coalesce(
                    claim_procedures.insurance_estimate_total_override_amount,
                    claim_procedures.insurance_pay_estimate_amount
                ) + claim_procedures.expected_writeoff_amount
        end as amount
    from linked_procedures
    inner join claim_procedures
        on linked_procedures.procedure_id = claim_procedures.procedure_id
    left join patients
        on claim_procedures.patient_id = patients.patient_id
    where not claim_procedures.is_preauthorization

),

payments_of_procedures as (

    select
        linked_procedures.procedure_id,
        patients.guarantor_id = linked_procedures.guarantor_id as is_of_family,
        splits.split_amount as amount
    from linked_procedures
    inner join splits
        on linked_procedures.procedure_id = splits.procedure_id
    left join patients
        on splits.patient_id = patients.patient_id
    where splits.payment_plan_id is null

),

procedure_deductions as (

    select
        procedure_id,
        sum(amount) as amount,
        coalesce(sum(amount) filter (where is_of_family), 0) as amount_of_family
    from (
        select * from insurance
        union all
        select * from payments_of_procedures
    ) as deductions
    group by procedure_id

),

adjustment_deductions as (

    select
        linked_adjustments.adjustment_id,
        sum(splits.split_amount) as amount,
        coalesce(
            sum(splits.split_amount) filter (
                where patients.guarantor_id = linked_adjustments.guarantor_id
            ), 0
        ) as amount_of_family
    from linked_adjustments
    inner join splits
        on linked_adjustments.adjustment_id = splits.adjustment_id
    left join patients
        on splits.patient_id = patients.patient_id
    where splits.payment_plan_id is null
    group by linked_adjustments.adjustment_id

),

procedure_links as (

    select
        links.payment_plan_link_id,
        plans.payment_plan_id,
        plans.patient_id as plan_patient_id,
        links.row_entered_at,
        links.override_amount,
        linked_procedures.procedure_id,
        null::bigint as adjustment_id,
        linked_procedures.patient_id,
        linked_procedures.guarantor_id,
        linked_procedures.provider_id,
        linked_procedures.clinic_id,
        linked_procedures.procedure_on as item_on,
        -- Receivables credit what is done, on a plan that exists.
        linked_procedures.is_completed and plans.payment_plan_id is not null as is_credited,
        linked_procedures.fee_amount
        + coalesce(procedure_adjustments.adjustment_amount, 0)
        - coalesce(procedure_deductions.amount, 0) as computed_amount,
        linked_procedures.fee_amount
        + coalesce(procedure_adjustments.adjustment_amount, 0)
        - coalesce(procedure_deductions.amount_of_family, 0) as computed_of_family_amount
    from links
    inner join linked_procedures
        on links.linked_id = linked_procedures.procedure_id
    left join plans
        on links.payment_plan_id = plans.payment_plan_id
    left join procedure_adjustments
        on linked_procedures.procedure_id = procedure_adjustments.procedure_id
    left join procedure_deductions
        on linked_procedures.procedure_id = procedure_deductions.procedure_id
    where {{ has_flag('links.link_type_code', 'PayPlanLinkType', 'is_procedure') }}

),

adjustment_links as (

    select
        links.payment_plan_link_id,
        plans.payment_plan_id,
        plans.patient_id as plan_patient_id,
        links.row_entered_at,
        links.override_amount,
        linked_adjustments.procedure_id,
        linked_adjustments.adjustment_id,
        linked_adjustments.patient_id,
        linked_adjustments.guarantor_id,
        linked_adjustments.provider_id,
        linked_adjustments.clinic_id,
        linked_adjustments.adjustment_on as item_on,
        true as is_credited,
        linked_adjustments.adjustment_amount
        - coalesce(adjustment_deductions.amount, 0) as computed_amount,
        linked_adjustments.adjustment_amount
        - coalesce(adjustment_deductions.amount_of_family, 0) as computed_of_family_amount
    from links
    inner join linked_adjustments
        on links.linked_id = linked_adjustments.adjustment_id
    left join plans
        on links.payment_plan_id = plans.payment_plan_id
    left join adjustment_deductions
        on linked_adjustments.adjustment_id = adjustment_deductions.adjustment_id
    where {{ has_flag('links.link_type_code', 'PayPlanLinkType', 'is_adjustment') }}

),

computed as (

    select * from procedure_links
    union all
    select * from adjustment_links

)

select * from computed
