{# Pre-hook of a mart: refuses a value of a setting that it reads (`meta: {settings: [...]}`) and that
   no report knows. The mart keeps the rows of its last build; marts that do not read it go on. #}
{% macro refuse_unknown_settings() %}
    {% set settings = model.config.get('meta', {}).get('settings', []) | map('lower') | list %}
    {% if execute and settings %}
        {% set query %}
            select unnest(string_to_array(nullif(unknown_settings, ''), '; '))
            from {{ target.database }}.intermediate.int_preferences_pivoted
        {% endset %}
        {% for row in run_query(query) if row[0].split(' = ')[0] | lower in settings %}
            {{ exceptions.raise_compiler_error(
                'the practice has the preference ' ~ row[0] ~ ', which no report of Open Dental'
                ~ ' knows; ' ~ model.name ~ ' keeps the rows of its last build. Set it in Open'
                ~ ' Dental to a value that its manual names.'
            ) }}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# Whether a number stands in a list of numbers that commas separate; none is 0 there. #}
{% macro is_listed(number, numbers) -%}
    coalesce({{ number }}, 0)::text = any(string_to_array({{ numbers }}, ','))
{%- endmacro %}
