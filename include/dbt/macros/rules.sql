{# What the tests `rows_are_right` and `rules_hold` find: a row per broken rule, with what it tells, in
   how many rows it is broken, whether that is an error, and its place. The model is read once for the
   rules of all columns, and once for the key. What refers to a model that waits for a blocked table is
   not asked: nobody knows which rows that model should have. Of a model that restates accounts the rows
   are looked at that no test has seen (`untested_rows`), with all that share their keys; what share of
   the references dangles is then not asked, because a few accounts tell nothing of it. #}
{% macro broken_rules(
    model, key, not_null, references, codes, identities, tolerated_share, tolerated_count
) %}
    {# Of each rule: what it tells, when a row breaks it, what is counted, and is it a reference. #}
    {%- set rules, joins, untested = [], [], untested_rows(model, 'held.patient_id') -%}
    {%- for column in not_null -%}
        {%- do rules.append((column ~ ' has no value', 'held.' ~ column ~ ' is null', '*', false)) -%}
    {%- endfor -%}
    {%- for column, code_list in codes.items() -%}
        {#- dbt reads an empty code of the seed as null. -#}
        {%- set known -%}
            select coalesce(code, '') from {{ ref('open_dental_codes') }} where code_list = '{{ code_list }}'
        {%- endset -%}
        {%- do rules.append((
            column ~ ' holds no code of ' ~ code_list,
            'held.' ~ column ~ '::text not in (' ~ known ~ ')',
            'held.' ~ column,
            false
        )) -%}
    {%- endfor -%}
    {%- for name, expression in identities.items() -%}
        {%- set condition = '(' ~ expression.split() | join(' ') ~ ')' -%}
        {%- do rules.append((
            name ~ ' ' ~ condition ~ ' is not true', condition ~ ' is not true', '*', false
        )) -%}
    {%- endfor -%}
    {%- for column, target in references.items() -%}
        {%- set target_model, target_key = target.split('.') -%}
        {%- set found, relation = 'found_' ~ loop.index, ref(target_model) -%}
        {%- if not untested and target_model not in waiting_models() -%}
            {%- do joins.append(
                'left join (select ' ~ target_key ~ ' from ' ~ relation ~ ') as ' ~ found ~ ' (' ~ found
                ~ '_key) on held.' ~ column ~ ' = ' ~ found ~ '_key'
            ) -%}
            {%- do rules.append((
                column ~ ' names no row of ' ~ target_model,
                'held.' ~ column ~ ' is not null and ' ~ found ~ '_key is null',
                'held.' ~ column,
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
        {%- for told, condition, asked, is_reference in rules %},
        count(*) filter (where {{ condition }}) as broken_{{ loop.index }},
        count({{ asked }}) as asked_{{ loop.index }}
        {%- endfor %}
    {%- if rules %}
    from {{ model }} as held
    {{ joins | join('\n    ') }}
    {%- if untested %}
    where {{ untested }}
    {%- endif %}
    {%- endif %}
) as counted
{%- if key %}
cross join (
    select
        sum(row_count) as row_count,
        sum(row_count) filter (where key is null) as empty_count,
        sum(row_count) filter (where key is not null and row_count > 1) as shared_count
    from (
        select {{ key }} as key, count(*) as row_count
        from {{ model }} as held
        {%- if untested %}
        where
            {{ key }} in (select {{ key }} from {{ model }} as held where {{ untested }})
            or ({{ key }} is null and {{ untested }})
        {%- endif %}
        group by {{ key }}
    ) as held
) as keyed
{%- endif %}
cross join lateral (
    {# None may be left to ask. #}
    values (-2, null, 0, 0, false)
    {%- if key %},
    (-1, '{{ key }}, the key, has no value', keyed.empty_count, keyed.row_count, false),
    (0, '{{ key }}, the key, is that of another row', keyed.shared_count, keyed.row_count, false)
    {%- endif %}
    {%- for told, condition, asked, is_reference in rules %},
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

{# The models that a run does not build, because they read a blocked table. #}
{% macro waiting_models() %}
    {{ return(env_var('DENTAL_WAITING_MODELS', '').split(',') if execute else []) }}
{% endmacro %}
