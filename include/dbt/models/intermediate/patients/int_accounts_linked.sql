{{ config(
    materialized='incremental',
    incremental_strategy='added_links',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['account_id', 'linked_id']}],
) }}

with pairs as (

    {{ pairs_of_accounts('claim_procedures', 'procedure_id', 'procedures') }}
    union
    {{ pairs_of_accounts('claim_procedures', 'claim_id', 'claims') }}
    union
    {{ pairs_of_accounts('payment_splits', 'procedure_id', 'procedures') }}
    union
    {{ pairs_of_accounts('payment_splits', 'payment_id', 'payments') }}
    union
    {{ pairs_of_accounts('payment_splits', 'adjustment_id', 'adjustments') }}
    union
    {{ pairs_of_accounts('payment_splits', 'payment_plan_id', 'payment_plans') }}
    union
    {{ pairs_of_accounts('adjustments', 'procedure_id', 'procedures') }}
    union
    {{ pairs_of_accounts('payment_plan_charges', 'procedure_id', 'procedures') }}
    union
    {{ pairs_of_accounts('payment_plan_charges', 'payment_plan_id', 'payment_plans') }}

    union

    select
        patient_id as account_id,
        guarantor_id as linked_id
    from {{ ref('stg_open_dental__patients') }}

    union

    select
        patient_id as account_id,
        guarantor_id as linked_id
    from {{ ref('stg_open_dental__payment_plans') }}

    union

    select
        patient_id as account_id,
        guarantor_id as linked_id
    from {{ ref('stg_open_dental__payment_plan_charges') }}

    union

    -- The account of a dynamic plan, and those of what it finances.
    select
        plans.patient_id as account_id,
        coalesce(procedures.patient_id, adjustments.patient_id) as linked_id
    from {{ ref('stg_open_dental__payment_plan_links') }} as links
    inner join {{ ref('stg_open_dental__payment_plans') }} as plans
        on links.payment_plan_id = plans.payment_plan_id
    left join {{ ref('stg_open_dental__procedures') }} as procedures
        on
            links.linked_id = procedures.procedure_id
            and {{ has_flag('links.link_type_code', 'PayPlanLinkType', 'is_procedure') }}
    left join {{ ref('stg_open_dental__adjustments') }} as adjustments
        on
            links.linked_id = adjustments.adjustment_id
            and {{ has_flag('links.link_type_code', 'PayPlanLinkType', 'is_adjustment') }}

),

-- A link is found from either account.
both_ways as (

    select
        account_id,
        linked_id
    from pairs
    where account_id <> linked_id

    union

    select
        linked_id as account_id,
        account_id as linked_id
    from pairs
    where account_id <> linked_id

)

select
    account_id,
    linked_id,
    now() as linked_at
from both_ways
