{# Today in the office; the warehouse's clock unless the variable `today` names a day. #}
{% macro office_today() -%}
    {%- if var('today') -%}
        date '{{ var("today") }}'
    {%- else -%}
        (current_timestamp at time zone '{{ var("office_time_zone") }}')::date
    {%- endif -%}
{%- endmacro %}

{# The day that receivables are aged as of. #}
{% macro as_of_date() -%}
    {%- if var('as_of_date') -%}
        date '{{ var("as_of_date") }}'
    {%- else -%}
        {{ office_today() }}
    {%- endif -%}
{%- endmacro %}
