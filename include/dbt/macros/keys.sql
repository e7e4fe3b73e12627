{# The text key of several columns, '2024-06-01-1-none': dates that are null say undated, others none. #}
{% macro text_key(columns) -%}
    {%- for column in columns -%}
        coalesce({{ column }}::text, '{{ 'undated' if column.endswith('_on') else 'none' }}')
        {{- " || '-' || " if not loop.last -}}
    {%- endfor -%}
{%- endmacro %}
