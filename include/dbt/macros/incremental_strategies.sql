{# The incremental strategy `kept_days`: the days of this build are written anew, also those on which
   no family has a row any more; all others stay. #}
{% macro get_incremental_kept_days_sql(arg_dict) %}
    {% set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    {% set written %}
        select days.as_of_on from {{ ref('int_snapshot_days_listed') }} as days
        where {{ is_day_written(this.identifier) }}
    {% endset %}
    delete from {{ arg_dict['target_relation'] }} where as_of_on in ({{ written }});
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }} where as_of_on in ({{ written }})
{% endmacro %}

{# The incremental strategy `restated_accounts`: the rows of these accounts are written anew. #}
{% macro get_incremental_restated_accounts_sql(arg_dict) %}
    {% set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} where {{ is_restated('patient_id') }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }} where {{ is_restated('patient_id') }}
{% endmacro %}
