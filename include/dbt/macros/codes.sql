{# Join clause that adds the label of a code: `left join ... as <alias>`. #}
{% macro join_code(alias, code_list, code) -%}
    left join {{ ref('open_dental_codes') }} as {{ alias }}
        on {{ alias }}.code_list = '{{ code_list }}' and coalesce({{ alias }}.code, '') = {{ code }}::text
{%- endmacro %}

{# Whether a value is a code that carries a flag: `procedure_status_code = 2`. #}
{% macro has_flag(code, code_list, flag) -%}
    {%- set codes = [] -%}
    {%- for known in code_flags()[code_list][flag] -%}
        {%- do codes.append(known if known.isdigit() else "'" ~ known ~ "'") -%}
    {%- endfor -%}
    {{ code }} {{ '= ' ~ codes[0] if codes | length == 1 else 'in (' ~ codes | join(', ') ~ ')' }}
{%- endmacro %}
