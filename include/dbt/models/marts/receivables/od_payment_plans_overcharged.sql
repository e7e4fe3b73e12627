{{ config(indexes=[{'columns': ['plan_start_on']}]) }}

with links as (

    select * from {{ ref('int_payment_plan_links_split') }}

),

plans as (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

charges as (

    select * from {{ ref('stg_open_dental__payment_plan_charges') }}

),

splits as not materialized (

    select * from {{ ref('stg_open_dental__payment_splits') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

-- Of whatever plan.
charged as (

    select
        linked_id,
        link_type_code,
        sum(principal_amount) as amount
    from charges
    where
        linked_id is not null
        and {{ has_flag('charge_type_code', 'PayPlanChargeType', 'is_debit') }}
    group by linked_id, link_type_code

),

paid_for_procedures as (

    select
        payment_plan_id,
        procedure_id,
        sum(split_amount) as amount
    from splits
    where payment_plan_id is not null and procedure_id is not null
    group by payment_plan_id, procedure_id

),

paid_for_adjustments as (

    select
        payment_plan_id,
        adjustment_id,
        sum(split_amount) as amount
    from splits
    where payment_plan_id is not null and adjustment_id is not null
    group by payment_plan_id, adjustment_id

),

-- The rows of the report: a link whose splits name several adjustments, or procedures, has several.
printed as (

    select
        links.payment_plan_link_id,
        links.payment_plan_id,
        links.link_type_code,
        links.procedure_id,
        links.adjustment_id,
        links.provider_id,
        links.clinic_id,
        links.override_amount <> 0 as is_overridden,
        links.has_item,
        coalesce(links.patient_portion_amount, 0) as patient_portion_amount,
        links.paid_outside_amount,
        case
            when links.override_amount <> 0 then links.override_amount
            else coalesce(links.patient_portion_amount - links.paid_outside_amount, 0)
        end as on_plan_amount,
        coalesce(charged.amount, 0) as charged_amount,
        coalesce(paid_for_procedures.amount, paid_for_adjustments.amount, 0) as paid_on_plan_amount
    from links
    left join charged
        on
            links.linked_id = charged.linked_id
            and links.link_type_code = charged.link_type_code
    left join paid_for_procedures
        on
            links.payment_plan_id = paid_for_procedures.payment_plan_id
            and links.procedure_id = paid_for_procedures.procedure_id
    left join paid_for_adjustments
        on
            links.payment_plan_id = paid_for_adjustments.payment_plan_id
            and links.adjustment_id = paid_for_adjustments.adjustment_id

),

summed as (

    select
        payment_plan_link_id,
        payment_plan_id,
        link_type_code,
        procedure_id,
        adjustment_id,
        provider_id,
        clinic_id,
        is_overridden,
        has_item,
        sum(patient_portion_amount) as patient_portion_amount,
        sum(paid_outside_amount) as paid_outside_amount,
        sum(on_plan_amount) as on_plan_amount,
        sum(charged_amount) as charged_amount,
        sum(greatest(charged_amount - on_plan_amount, 0)) as overcharged_amount,
        sum(paid_on_plan_amount) as paid_on_plan_amount,
        sum(greatest(paid_on_plan_amount - on_plan_amount, 0)) as overpaid_amount
    from printed
    group by
        payment_plan_link_id,
        payment_plan_id,
        link_type_code,
        procedure_id,
        adjustment_id,
        provider_id,
        clinic_id,
        is_overridden,
        has_item

),

judged as (

    select
        *,
        sum(charged_amount) over (partition by payment_plan_id)
        > sum(on_plan_amount) over (partition by payment_plan_id) as is_plan_overcharged
    from summed

),

final as (

    select
        judged.payment_plan_link_id,
        judged.payment_plan_id,
        plans.start_on as plan_start_on,
        plans.patient_id,
        plans.guarantor_id,
        judged.provider_id,
        judged.clinic_id,
        judged.link_type_code,
        judged.procedure_id,
        judged.adjustment_id,
        judged.is_overridden,
        judged.patient_portion_amount,
        judged.paid_outside_amount,
        judged.on_plan_amount,
        judged.charged_amount,
        judged.overcharged_amount,
        judged.paid_on_plan_amount,
        judged.overpaid_amount,
        coalesce(providers.is_listed_provider, false) as is_listed_provider,
        judged.is_plan_overcharged
        and judged.overcharged_amount > 0
        and coalesce(providers.is_listed_provider, false) as is_in_default_report,
        {{ quality_reason([
            ('plans.start_on is null', 'no date'),
            ('not judged.has_item', 'no such procedure or adjustment'),
            (
                'judged.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
        ]) }} as quality_reason
    from judged
    inner join plans
        on judged.payment_plan_id = plans.payment_plan_id
    left join providers
        on judged.provider_id = providers.provider_id

)

select * from final
