{{ config(
    materialized='incremental',
    incremental_strategy='added_links',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['account_id', 'linked_id']}],
) }}

{#- Each row that is of an account and names a row of another: the reference, and what it names. -#}
{%- set references = [
    ('claim_procedures', 'procedure_id', 'procedures'),
    ('claim_procedures', 'claim_id', 'claims'),
    ('payment_splits', 'procedure_id', 'procedures'),
    ('payment_splits', 'payment_id', 'payments'),
    ('payment_splits', 'adjustment_id', 'adjustments'),
    ('payment_splits', 'payment_plan_id', 'payment_plans'),
    ('adjustments', 'procedure_id', 'procedures'),
    ('payment_plan_charges', 'procedure_id', 'procedures'),
    ('payment_plan_charges', 'payment_plan_id', 'payment_plans'),
] -%}
{%- set keys = {
    'procedures': 'procedure_id',
    'claims': 'claim_id',
    'payments': 'payment_id',
    'adjustments': 'adjustment_id',
    'payment_plans': 'payment_plan_id',
} -%}

{#- Of what moved alone, it is looked for from both sides. -#}
{%- set sides = ['naming', 'named'] if is_incremental() else [''] -%}

with
{%- if is_incremental() %}
moved as (

    {{ moved_accounts(restated_tables() or {}) }}

),
{%- endif %}

pairs as (

    {% for naming, reference, named in references -%}
    {% for side in sides -%}
    select
        naming.patient_id as account_id,
        named.patient_id as linked_id
    from {{ ref('stg_open_dental__' ~ naming) }} as naming
    inner join {{ ref('stg_open_dental__' ~ named) }} as named
        on naming.{{ reference }} = named.{{ keys[named] }}
    where
        naming.patient_id <> named.patient_id
        {%- if side %}
        and {{ side }}.patient_id in (select moved.account_id from moved)
        {%- endif %}

    union

    {% endfor -%}
    {% endfor -%}
    {% for relation in ['patients', 'payment_plans', 'payment_plan_charges'] -%}
    select
        patient_id as account_id,
        guarantor_id as linked_id
    from {{ ref('stg_open_dental__' ~ relation) }}
    where patient_id <> guarantor_id

    union

    {% endfor -%}
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
    where plans.patient_id <> coalesce(procedures.patient_id, adjustments.patient_id)

),

-- A link is found from either account.
both_ways as (

    select
        account_id,
        linked_id
    from pairs

    union

    select
        linked_id as account_id,
        account_id as linked_id
    from pairs

)

select
    account_id,
    linked_id,
    now() as linked_at
from both_ways
