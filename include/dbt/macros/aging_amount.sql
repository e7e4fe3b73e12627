{# How the aging report rounds: three decimals, and what is below half a cent is nothing. #}
{% macro aging_amount(amount) -%}
    case
        when abs(coalesce({{ amount }}, 0)) < 0.005 then 0
        else trim_scale(round({{ amount }}, 3))
    end
{%- endmacro %}
