{# What the named columns refer to exists. Open Dental declares no foreign keys and deletes for good,
   so a few of each column's references may point to rows that are gone (DECISIONS.md); more than
   that is an error.
   `columns` maps a column to `<the model that it refers to>.<the key there>`. #}
{% test references_exist(model, columns, max_share=0.01, max_count=2) %}

{% for column, target in columns.items() %}
{%- set target_model, key = target.split('.') %}
select
    '{{ column }}' as column_name,
    count(*) as reference_count,
    count(*) filter (where target.key is null) as dangling_count
from {{ model }} as held
left join (select {{ key }} as key from {{ ref(target_model) }}) as target
    on held.{{ column }} = target.key
where held.{{ column }} is not null
having
    count(*) filter (where target.key is null) > greatest({{ max_share }} * count(*), {{ max_count }})
{% if not loop.last %}union all{% endif %}
{% endfor %}

{% endtest %}
