{# Baking the manifest asks no warehouse: it shows what every build after the first one runs. #}
{% macro is_incremental() %}
    {% if not execute %}
        {{ return(false) }}
    {% elif flags.WHICH == 'compile' %}
        {{ return(model.config.materialized == 'incremental') }}
    {% endif %}
    {{ return(dbt.is_incremental()) }}
{% endmacro %}
