{# How the aging report rounds: three decimals. #}
{% macro aging_amount(amount) -%}
    trim_scale(round(coalesce({{ amount }}, 0), 3))
{%- endmacro %}

{# The empty date of the source, which is older than any other. #}
{% macro empty_date() -%}
    date '0001-01-01'
{%- endmacro %}

{# A date as aging compares it. #}
{% macro dated(column) -%}
    coalesce({{ column }}, {{ empty_date() }})
{%- endmacro %}

{# Whether an aging as of a day of `days` takes an entry of the ledger: charges of a payment plan once
   they are due, and for a day that is past no payment of later. Other entries are always taken. #}
{% macro is_known_by(entries, days) -%}
    (
        {{ entries }}.entry_on is null
        or {{ entries }}.entry_on <= {{ days }}.as_of_on
        or not (
            {{ entries }}.entry_kind in ('plan_debit', 'plan_credit')
            or ({{ entries }}.entry_kind = 'patient_payment' and {{ days }}.is_historic)
        )
    )
{%- endmacro %}
