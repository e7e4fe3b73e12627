{# A test of rules says which of them are broken and in how many rows, in the words of the rules and
   never a row's; dbt itself would say how many rows the query of a test has returned. The words stand
   in the response of the adapter, where `include/transform/dbt.py` finds them. #}
{% materialization test, adapter='postgres' %}
    {%- set kind = (model.test_metadata or {}).get('name') if 'test_metadata' in model else none -%}
    {% if kind not in ('rows_are_right', 'rules_hold') %}
        {{ return(dbt.materialization_test_default()) }}
    {% endif %}
    {% call statement('broken', fetch_result=true) -%}
        select
            coalesce(sum(broken.broken_count), 0) as failures,
            count(*) > 0 as should_warn,
            coalesce(bool_or(broken.is_error), false) as should_error,
            coalesce(
                string_agg(broken.told, '; ' order by broken.is_error desc, broken.ordinal), ''
            ) as told
        from ({{ sql }}) as broken
    {%- endcall %}
    {%- set found = load_result('broken').table -%}
    {%- set told = found.rows[0]['told'] -%}
    {% if told %}
        {% do log(model.name ~ ': ' ~ told, info=true) %}
    {% endif %}
    {% do store_raw_result(
        'main',
        message=told or 'every rule holds',
        code='RULES',
        rows_affected=found.rows[0]['failures'] | int,
        agate_table=found.select(['failures', 'should_warn', 'should_error'])
    ) %}
    {{ return({'relations': []}) }}
{% endmaterialization %}
