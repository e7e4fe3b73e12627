{# What is wrong with a row, in words, or null: `reasons` are pairs of a condition and its words. #}
{% macro quality_reason(reasons) -%}
    nullif(
        concat_ws(
            ', '
            {%- for condition, reason in reasons -%}
            , case when {{ condition }} then '{{ reason }}' end
            {%- endfor -%}
        ), ''
    )
{%- endmacro %}
