{# Pre-hook of a mart: refuses a value of a setting that it reads (`meta: {settings: [...]}`) and does
   not follow. The mart keeps the rows of its last build; marts that do not read it go on. #}
{% macro refuse_unknown_settings() %}
    {% set settings = model.config.get('meta', {}).get('settings', []) | map('lower') | list %}
    {% if execute and settings %}
        {% set query %}
            select unnest(string_to_array(nullif(unknown_settings, ''), '; '))
            from {{ target.database }}.intermediate.int_preferences_pivoted
        {% endset %}
        {% for row in run_query(query) if row[0].split(' = ')[0] | lower in settings %}
            {{ exceptions.raise_compiler_error(
                'the practice has the preference ' ~ row[0] ~ ', which ' ~ model.name ~ ' does not'
                ~ ' follow; it keeps the rows of its last build.'
            ) }}
        {% endfor %}
    {% endif %}
{% endmacro %}
