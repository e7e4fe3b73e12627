{# Join clause that adds the label of a code: `left join ... as <alias>`. #}
{% macro join_code(alias, code_list, code) -%}
    left join {{ ref('open_dental_codes') }} as {{ alias }}
        on {{ alias }}.code_list = '{{ code_list }}' and coalesce({{ alias }}.code, '') = {{ code }}::text
{%- endmacro %}
