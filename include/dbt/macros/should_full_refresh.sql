{# Whether a model that is built row by row is built from the beginning: when the model itself says
   so, or that it never is; else when dbt is told to, when a run knows that its rows were made
   otherwise than they would be now, or when nobody can say which of them have to be made anew. #}
{% macro should_full_refresh() %}
    {% if config.get('full_refresh') is not none or dbt.should_full_refresh() %}
        {{ return(dbt.should_full_refresh()) }}
    {% elif model.name in env_var('DENTAL_RESTARTED_MODELS', '').split(',') %}
        {{ return(true) }}
    {% elif execute and restates_accounts() %}
        {{ return(restated_tables() is none) }}
    {% endif %}
    {{ return(false) }}
{% endmacro %}
