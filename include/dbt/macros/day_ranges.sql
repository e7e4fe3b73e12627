{# Whether a day lies between so many days before today and so many after it; -1 is without bound, and
   no day is older than every other. #}
{% macro is_within_days(day, days_past, days_future) -%}
    (
        {{ days_past }} = -1
        or coalesce({{ day }}, '-infinity') >= {{ office_today() }} - {{ days_past }}
    )
    and (
        {{ days_future }} = -1
        or coalesce({{ day }}, '-infinity') <= {{ office_today() }} + {{ days_future }}
    )
{%- endmacro %}
