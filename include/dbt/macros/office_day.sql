{# Today in the office; the warehouse's clock unless the variable `today` names a day. #}
{% macro office_today() -%}
    {%- if var('today') -%}
        date '{{ var("today") }}'
    {%- else -%}
        (current_timestamp at time zone '{{ var("office_time_zone") }}')::date
    {%- endif -%}
{%- endmacro %}
