{# A date, or null for the empty one: Open Dental treats every year before EARLIEST_YEAR of
   include/open_dental/values.py as "not set". #}
{% macro open_dental_date(column) -%}
    case when {{ column }} >= date '1880-01-01' then {{ column }} end
{%- endmacro %}

{# An office-local or zoned moment, or null for the empty one. #}
{% macro open_dental_timestamp(column) -%}
    case when {{ column }} >= timestamp '1880-01-01 00:00:00' then {{ column }} end
{%- endmacro %}

{# The fee rule of every report: a procedure without units has no fee. #}
{% macro open_dental_fee(fee, unit_quantity, base_units) -%}
    {{ fee }}::numeric * ({{ unit_quantity }} + {{ base_units }})
{%- endmacro %}
