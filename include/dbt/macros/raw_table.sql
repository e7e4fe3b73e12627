{# A raw table with all columns that its staging model names, whatever release of Open Dental the
   practice runs: a column that raw lacks is a typed null, and a table that it lacks has no rows.
   `columns` are names and types, as in `create table`. Where nothing is lacking, and where no
   warehouse is asked (parsing, baking), it is the table itself. #}
{% macro raw_table(relation, columns) -%}
    {%- if not execute or flags.WHICH == 'compile' or relation.is_cte -%}
        {{ relation }}
    {%- else -%}
        {%- set held = raw_columns().get(relation.identifier) -%}
        {%- set definitions = (columns | replace('\n', ' ')).split(', ') -%}
        {%- set present, absent = [], [] -%}
        {%- for definition in definitions -%}
            {%- set name, type = definition.split(maxsplit=1) -%}
            {%- if held is not none and name in held -%}
                {%- do present.append(name) -%}
            {%- else -%}
                {%- do absent.append('null::' ~ type | trim ~ ' as ' ~ name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if not absent -%}
            {{ relation }}
        {%- elif held is none -%}
            (
                select
                    {{ absent | join(', ') }},
                    null::timestamptz as _loaded_at, null::bigint as _batch_id,
                    null::timestamptz as _deleted_at
                where false
            ) as {{ relation.identifier }}
        {%- else -%}
            (
                select {{ present | join(', ') }}, _loaded_at, _batch_id, _deleted_at,
                    {{ absent | join(', ') }}
                from {{ relation }}
            ) as {{ relation.identifier }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# The columns of every raw table. The catalog is asked once for all models of an invocation. #}
{% macro raw_columns() %}
    {% if 'raw_columns' not in graph %}
        {% set answer = run_query("
            select json_object_agg(relname, columns)::text
            from (
                select c.relname, json_agg(a.attname) as columns
                from pg_class as c
                inner join pg_attribute as a on c.oid = a.attrelid
                where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r'
                    and a.attnum > 0 and not a.attisdropped
                group by c.relname
            ) as held
        ") %}
        {% do graph.update({'raw_columns': fromjson(answer[0][0] or '{}')}) %}
    {% endif %}
    {{ return(graph['raw_columns']) }}
{% endmacro %}
