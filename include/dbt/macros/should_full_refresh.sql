{# Whether a model that is built row by row is built from the beginning: when the model itself says
   so, or that it never is; else when dbt is told to, when a run knows that its rows were made
   otherwise than they would be now, or when nobody can say which of them have to be made anew. Only a
   run knows whether a setting or the SQL has changed: a build by hand computes all accounts. #}
{% macro should_full_refresh() %}
    {% set restarted = env_var('DENTAL_RESTARTED_MODELS', 'unknown') %}
    {% if config.get('full_refresh') is not none or dbt.should_full_refresh() %}
        {{ return(dbt.should_full_refresh()) }}
    {% elif model.name in restarted.split(',') %}
        {{ return(true) }}
    {% elif execute and restates_accounts() %}
        {{ return(restarted == 'unknown' or restatement() is none) }}
    {% endif %}
    {{ return(false) }}
{% endmacro %}
