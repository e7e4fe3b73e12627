{# What the tests `rows_are_right` and `rules_hold` find: a row per broken rule, with what it tells, in
   how many rows it is broken, whether that is an error, and its place. The model is read once for all columns,
   and once more for the key. What refers to a model that waits for a blocked table is not asked:
   nobody knows which rows that model should have. #}
{% macro broken_rules(
    model, key, not_null, references, codes, identities, tolerated_share, tolerated_count
) %}
    {# Of each rule: what it tells, the rows that break it, those that are asked, and is it a reference. #}
    {%- set rules, joins = [], [] -%}
    {%- if key -%}
        {%- do rules.append((
            key ~ ', the key, has no value', rows_where('held.' ~ key ~ ' is null'), 'count(*)', false
        )) -%}
        {%- do rules.append((
            key ~ ', the key, is that of another row', rows_that_share(model, key), 'count(*)', false
        )) -%}
    {%- endif -%}
    {%- for column in not_null -%}
        {%- do rules.append((
            column ~ ' has no value', rows_where('held.' ~ column ~ ' is null'), 'count(*)', false
        )) -%}
    {%- endfor -%}
    {%- for column, code_list in codes.items() -%}
        {#- dbt reads an empty code of the seed as null. -#}
        {%- set known -%}
            select coalesce(code, '') from {{ ref('open_dental_codes') }} where code_list = '{{ code_list }}'
        {%- endset -%}
        {%- do rules.append((
            column ~ ' holds no code of ' ~ code_list,
            rows_where('held.' ~ column ~ '::text not in (' ~ known ~ ')'),
            'count(held.' ~ column ~ ')',
            false
        )) -%}
    {%- endfor -%}
    {%- for name, expression in identities.items() -%}
        {%- set condition = expression.split() | join(' ') -%}
        {%- do rules.append((
            name ~ ' (' ~ condition ~ ') is not true',
            rows_where('(' ~ condition ~ ') is not true'),
            'count(*)',
            false
        )) -%}
    {%- endfor -%}
    {%- for column, target in references.items() -%}
        {%- set target_model, target_key = target.split('.') -%}
        {%- set found, relation = 'found_' ~ loop.index, ref(target_model) -%}
        {%- if target_model not in waiting_models() -%}
            {%- do joins.append(
                'left join (select ' ~ target_key ~ ' from ' ~ relation ~ ') as ' ~ found ~ ' (' ~ found
                ~ '_key) on held.' ~ column ~ ' = ' ~ found ~ '_key'
            ) -%}
            {%- do rules.append((
                column ~ ' names no row of ' ~ target_model,
                rows_where('held.' ~ column ~ ' is not null and ' ~ found ~ '_key is null'),
                'count(held.' ~ column ~ ')',
                true
            )) -%}
        {%- endif -%}
    {%- endfor %}
select
    rule.told || ' in ' || rule.broken_count || ' of ' || rule.asked_count || ' rows' as told,
    rule.broken_count,
    not rule.is_reference or rule.broken_count > 0.5 * rule.asked_count as is_error,
    rule.ordinal
from (
    select
        count(*) as row_count
        {%- for told, broken, asked, is_reference in rules %},
        {{ broken }} as broken_{{ loop.index }},
        {{ asked }} as asked_{{ loop.index }}
        {%- endfor %}
    from {{ model }} as held
    {{ joins | join('\n    ') }}
) as counted
cross join lateral (
    values (0, null, 0, 0, false)
    {%- for told, broken, asked, is_reference in rules %},
    (
        {{ loop.index }},
        '{{ told | replace("'", "''") }}',
        counted.broken_{{ loop.index }},
        counted.asked_{{ loop.index }},
        {{ is_reference }}
    )
    {%- endfor %}
) as rule (ordinal, told, broken_count, asked_count, is_reference)
where
    rule.broken_count > case
        when rule.is_reference
            then greatest({{ tolerated_share }} * rule.asked_count, {{ tolerated_count }})
        else 0
    end
{% endmacro %}

{# So many rows a condition is true of. #}
{% macro rows_where(condition) -%}
    count(*) filter (where {{ condition }})
{%- endmacro %}

{# So many rows have a value in the column that another row has as well. #}
{% macro rows_that_share(model, column) -%}
    (
        select coalesce(sum(row_count), 0) from (
            select count(*) as row_count from {{ model }} as held
            where {{ column }} is not null
            group by {{ column }}
            having count(*) > 1
        ) as shared
    )
{%- endmacro %}

{# The models that a run does not build, because they read a blocked table. #}
{% macro waiting_models() %}
    {{ return(env_var('DENTAL_WAITING_MODELS', '').split(',') if execute else []) }}
{% endmacro %}
