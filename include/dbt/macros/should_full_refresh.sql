{# Whether a model that is built row by row is built from the beginning: when the model itself says
   so, or that it never is; else when dbt is told to, or a run knows that its rows were made
   otherwise than they would be now. #}
{% macro should_full_refresh() %}
    {% if config.get('full_refresh') is none
        and model.name in env_var('DENTAL_RESTARTED_MODELS', '').split(',') %}
        {{ return(true) }}
    {% endif %}
    {{ return(dbt.should_full_refresh()) }}
{% endmacro %}
