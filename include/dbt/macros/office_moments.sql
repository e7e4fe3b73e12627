{# The moment of a column with a time zone as the office's clocks show it. #}
{% macro office_local(moment) -%}
    ({{ moment }} at time zone '{{ env_var("DENTAL_OFFICE_TIME_ZONE", "UTC") }}')
{%- endmacro %}
