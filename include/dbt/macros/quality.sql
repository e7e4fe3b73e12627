{# What is wrong with a row, in words, or null: a list of pairs of condition and reason. #}
{% macro quality_reason(reasons) -%}
    nullif(concat_ws(', '
    {%- for condition, reason in reasons -%}
        , case when {{ condition }} then '{{ reason }}' end
    {%- endfor -%}
    ), '')
{%- endmacro %}
