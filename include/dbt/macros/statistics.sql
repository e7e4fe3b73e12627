{# Post-hook of every table, in its transaction. Autovacuum would come too late for the models above:
   without statistics PostgreSQL joins millions of rows one by one. #}
{% macro analyze_table() %}
    {% if execute and model.config.materialized in ('table', 'incremental') %}
        analyze {{ this }}
    {% endif %}
{% endmacro %}
