{# The codes that are charted when a visit is missed or cancelled, and the one of a group note. #}
{% macro missed_visit_code() -%}
    'D9986'
{%- endmacro %}

{% macro cancelled_visit_code() -%}
    'D9987'
{%- endmacro %}

{% macro group_note_code() -%}
    '~GRP~'
{%- endmacro %}

{# Whether a completed procedure is a visit: its code neither says missed nor cancelled. #}
{% macro is_visit(procedure_code) -%}
    coalesce({{ procedure_code }}, '') not in ({{ missed_visit_code() }}, {{ cancelled_visit_code() }})
{%- endmacro %}
