{# Today at the practice: the date of its server when the newest run connected. #}
{% macro office_today() -%}
    (select office_on from ops.office_day)
{%- endmacro %}
