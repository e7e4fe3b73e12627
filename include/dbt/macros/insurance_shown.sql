{# Whether the insurance aging lists an amount of open claims: any age, or the total, is above half a
   cent in size. #}
{% macro is_insurance_shown(claims) -%}
    greatest(
        abs({{ claims }}.insurance_0_30_amount),
        abs({{ claims }}.insurance_31_60_amount),
        abs({{ claims }}.insurance_61_90_amount),
        abs({{ claims }}.insurance_over_90_amount),
        abs({{ claims }}.insurance_total_amount)
    ) > 0.005
{%- endmacro %}
