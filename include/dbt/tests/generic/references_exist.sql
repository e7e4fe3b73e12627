{# What the named columns refer to exists. A wrong join key leaves most references of a column without
   their row, and is an error. Open Dental declares no foreign keys and deletes for good, so a few may
   point to rows that are gone: up to one in a hundred, and always two, are passed over, and what lies
   between is a warning with its count (DECISIONS.md). Whether a table is good enough to be read is
   said by its threshold in the config alone.
   `columns` maps a column to `<the model that it refers to>.<the key there>`. #}
{% test references_exist(model, columns, tolerated_share=0.01, tolerated_count=2) %}

{{ config(
    fail_calc="coalesce(sum(dangling_count), 0)",
    warn_if="> 0",
    error_if="> 0 and bool_or(most_dangle)",
) }}

{% for column, target in columns.items() %}
{%- set target_model, key = target.split('.') %}
select
    '{{ column }}' as column_name,
    count(*) as reference_count,
    count(*) filter (where target.key is null) as dangling_count,
    count(*) filter (where target.key is null) > 0.5 * count(*) as most_dangle
from {{ model }} as held
left join (select {{ key }} as key from {{ ref(target_model) }}) as target
    on held.{{ column }} = target.key
where held.{{ column }} is not null
having
    count(*) filter (where target.key is null)
    > greatest({{ tolerated_share }} * count(*), {{ tolerated_count }})
{% if not loop.last %}union all{% endif %}
{% endfor %}

{% endtest %}
