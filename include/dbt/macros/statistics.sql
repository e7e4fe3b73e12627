{# Post-hook of every table, in its transaction. Autovacuum would come too late for the models above:
   without statistics PostgreSQL joins millions of rows one by one. Where the rows of some accounts were
   computed anew, those of before still hold. #}
{% macro analyze_table() %}
    {% if execute
        and model.config.materialized in ('table', 'incremental')
        and not (restates_accounts() and not should_full_refresh()) %}
        analyze {{ this }}
    {% endif %}
{% endmacro %}
